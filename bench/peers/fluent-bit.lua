-- The event of a line, in the same shape as tailmeter sends it.
function to_event(tag, time, line)
  local properties = {
    method = line["request_method"],
    status = line["status"],
    route_id = line["route_id"],
    service_id = line["service_id"],
    bytes = line["body_bytes_sent"],
    request_time = line["request_time"],
  }
  return 2, time, {
    transaction_id = line["request_id"],
    external_subscription_id = line["http_x_consumer_username"],
    code = "api_request",
    timestamp = string.format("%.3f", line["msec"]),
    properties = properties,
  }
end
