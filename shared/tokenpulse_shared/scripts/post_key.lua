-- Claim the key of a post, or tell what became of it; note that a post was counted.
-- KEYS[1] sorted set: key → second it was written, KEYS[2] hash: key → `<step>:<digest of the body>`
-- ARGV: key, step (`claimed`, `counted`), digest of the body, second, seconds a claim lasts, seconds a key is kept, most keys
-- Reply: what is held of the key already, as KEYS[2] has it; nothing when this call wrote it
local key, step, second, claim, kept = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local function forget(keys)
  for _, old in ipairs(keys) do
    redis.call('ZREM', KEYS[1], old)
    redis.call('HDEL', KEYS[2], old)
  end
end

forget(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', second - kept), 'LIMIT', 0, 100))
local held, at = redis.call('HGET', KEYS[2], key), tonumber(redis.call('ZSCORE', KEYS[1], key) or '-1')
local is_over = at + (held and string.sub(held, 1, 7) == 'claimed' and claim or kept) <= second
if step == 'claimed' and held and not is_over then return held end

redis.call('ZADD', KEYS[1], string.format('%.0f', second), key)
redis.call('HSET', KEYS[2], key, step .. ':' .. ARGV[3])
local excess = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[7])
if excess > 0 then forget(redis.call('ZRANGE', KEYS[1], 0, excess - 1)) end
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
return false
