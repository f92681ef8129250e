-- Admit names to a bounded index, so that all writers agree which names are series.
-- KEYS[1] sorted set of names by last use
-- ARGV: now in seconds, most names besides `__other__`, idle seconds, time to live in seconds (0: none), names…
-- A name comes as `+name`, admit it while there is room, or `?name`, say only whether it is admitted.
-- Names that were idle for so long lose their place; those of providers and models are remembered beside it.
-- Reply: for each name 1 admitted, 0 not, then KEYS[1], which tells the writer that the reply is its own;
-- nothing is admitted to a key that holds something else.
local REMEMBERED = 8640000 -- seconds a day is kept: DAY_RETENTION_SECONDS
local now, most, idle, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kind = redis.call('TYPE', KEYS[1])
kind = kind['ok'] or kind
local answers = {}
if kind ~= 'zset' and kind ~= 'none' then
  for i = 5, #ARGV do answers[#answers + 1] = 0 end
  answers[#answers + 1] = KEYS[1]
  return answers
end
-- By the earlier of both clocks: a writer whose clock is ahead must not make every name look idle.
local today = math.min(now, tonumber(redis.call('TIME')[1]))
local limit = string.format('%.0f', today - idle)
-- Who loses its place is remembered while its days are kept: reports over 90 days ask for it. What cannot be
-- remembered, for lack of a right say, is no reason to admit nobody.
local head, provider = string.match(KEYS[1], '^(.*)models:(%b{})$')
local past = head and head .. 'past_models:' .. provider
if not head then
  head = string.match(KEYS[1], '^(.*)providers$')
  past = head and head .. 'past_providers:{' .. KEYS[1] .. '}'
end
local gone = past and redis.pcall('ZRANGEBYSCORE', KEYS[1], '-inf', limit, 'WITHSCORES') or {}
for i = 1, #gone, 2 do redis.pcall('ZADD', past, 'GT', gone[i + 1], gone[i]) end
if #gone > 0 then
  redis.pcall('ZREMRANGEBYSCORE', past, '-inf', string.format('%.0f', today - REMEMBERED))
  redis.pcall('EXPIRE', past, REMEMBERED)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', limit)
if redis.call('ZSCORE', KEYS[1], '__other__') then most = most + 1 end
for i = 5, #ARGV do
  local name = string.sub(ARGV[i], 2)
  local admitted = redis.call('ZSCORE', KEYS[1], name)
  if string.sub(ARGV[i], 1, 1) == '+' and (admitted or redis.call('ZCARD', KEYS[1]) < most) then
    redis.call('ZADD', KEYS[1], 'GT', ARGV[1], name)
    admitted = true
  end
  answers[#answers + 1] = admitted and 1 or 0
end
if ttl > 0 then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
answers[#answers + 1] = KEYS[1]
return answers
