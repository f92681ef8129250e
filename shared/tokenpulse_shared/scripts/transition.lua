-- Move a breaker to a new state unless another writer moved it first.
-- KEYS[1] circuit hash   ARGV: version expected, time to live in seconds, then field, value, …
-- Reply: 1 moved, 0 the version differs.
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', tonumber(version) + 1), unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
