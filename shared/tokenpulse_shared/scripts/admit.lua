-- Admit names to a bounded index, so that all writers agree which names are series.
-- KEYS[1] sorted set of names by last use   ARGV: now in seconds, most names, idle seconds, time to live (0: none), names…
-- Reply: for each name 1 admitted, 0 the index is full.
local now, most, idle, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - idle)
local answers = {}
for i = 5, #ARGV do
  local admitted = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if not admitted and redis.call('ZCARD', KEYS[1]) < most then
    redis.call('ZADD', KEYS[1], now, ARGV[i])
    admitted = true
  end
  answers[#answers + 1] = admitted and 1 or 0
end
if ttl > 0 then redis.call('EXPIRE', KEYS[1], ttl) end
return answers
