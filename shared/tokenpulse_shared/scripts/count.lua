-- Add what a reader counted to what all readers counted, exactly once; count events that any of them may tell once.
-- KEYS[1] hash of counters, KEYS[2] sorted set of events counted, KEYS[3] the reader's last sequence
-- ARGV: sequence, second, counters' time to live, events' time to live, {field: increment} as JSON,
-- {event: field} as JSON
-- Reply: the hash of counters
local sequence, second, ttl, events_ttl = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
if redis.call('GET', KEYS[3]) ~= sequence then
  redis.call('SET', KEYS[3], sequence, 'EX', events_ttl)
  for field, increment in pairs(cjson.decode(ARGV[5])) do
    redis.call('HINCRBY', KEYS[1], field, string.format('%.0f', increment))
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', second - events_ttl))
for event, field in pairs(cjson.decode(ARGV[6])) do
  if redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', second), event) == 1 then
    redis.call('HINCRBY', KEYS[1], field, 1)
  end
end
redis.call('EXPIRE', KEYS[1], ttl)
redis.call('EXPIRE', KEYS[2], events_ttl)
return redis.call('HGETALL', KEYS[1])
