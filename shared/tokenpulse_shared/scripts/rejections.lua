-- Count calls that breakers turned away, exactly once: writers tell how many they counted since they began.
-- KEYS[1] hash of a provider's breaker counters   ARGV: writer id, count that was acknowledged, count, time to live
-- A reply that was lost is no loss, nor is a message that came twice: only what exceeds the count held is added. A
-- server that was emptied holds none: then what it had acknowledged before is not counted again.
-- Reply: the count held from now on.
local field = 'writer:' .. ARGV[1]
local now = tonumber(redis.call('TIME')[1])
local held = redis.call('HGET', KEYS[1], field)
local before = held and tonumber(string.match(held, '^(%d+)')) or tonumber(ARGV[2])
local added = tonumber(ARGV[3]) - before
if not held then -- a new writer sweeps those gone for two days
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local seen = string.sub(fields[i], 1, 7) == 'writer:' and string.match(fields[i + 1], ':(%d+)$')
    if seen and now - tonumber(seen) > 172800 then redis.call('HDEL', KEYS[1], fields[i]) end
  end
end
if added < 0 then return before end
redis.call('HSET', KEYS[1], field, string.format('%.0f:%.0f', tonumber(ARGV[3]), now))
redis.call('HINCRBY', KEYS[1], 'rejected', string.format('%.0f', added))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return tonumber(ARGV[3])
