-- Count one event of one user's trial, once.
-- KEYS[1] what the keys of trials start with
-- ARGV: user's digest, event, second, stamp of its day, plan (may be empty), time to live in seconds, most users,
-- most fields of a day
-- Reply: 1 counted, 0 was counted before, -1 no room for one more user
local base, user, event, second, day, plan = KEYS[1], KEYS[1] .. 'user:' .. ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ttl, most_users, most_fields = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local events = {'signup', 'started', 'expired', 'converted'}  -- the last one known is where the user stands

local function state_key(name) return base .. 'state:' .. name end

local function count(stamp, field, amount)
  redis.call('HINCRBY', base .. 'day:' .. stamp, field, amount)
  redis.call('EXPIRE', base .. 'day:' .. stamp, ttl)
end

local users = 0
for _, name in ipairs(events) do
  redis.call('ZREMRANGEBYSCORE', state_key(name), '-inf', string.format('%.0f', tonumber(second) - tonumber(ttl)))
  users = users + redis.call('ZCARD', state_key(name))
end
if redis.call('HEXISTS', user, event) == 1 then return 0 end
if redis.call('EXISTS', user) == 0 and users >= most_users then return -1 end

redis.call('HSET', user, event, second .. ' ' .. day)
if plan ~= '' then redis.call('HSET', user, 'plan', plan) end
redis.call('EXPIRE', user, ttl)

local known, standing = {}, nil
for _, name in ipairs(events) do
  local at, on = string.match(redis.call('HGET', user, name) or '', '^(%S+) (%S+)$')
  if at then
    known[name], standing = {at = tonumber(at), on = on}, name
    redis.call('ZREM', state_key(name), ARGV[1])
  end
end
redis.call('ZADD', state_key(standing), second, ARGV[1])
redis.call('EXPIRE', state_key(standing), ttl)

count(day, event, 1)
plan = redis.call('HGET', user, 'plan')
if plan then
  local field, hash = event .. ':' .. plan, base .. 'day:' .. day
  local has_room = redis.call('HEXISTS', hash, field) == 1 or redis.call('HLEN', hash) < most_fields
  count(day, has_room and field or event .. ':__other__', 1)
end
-- Each pair is complete once: when its later half comes, in whichever order they come.
local signup, started, converted = known.signup, known.started, known.converted
if signup and started and (event == 'signup' or event == 'started') then count(signup.on, 'activated', 1) end
if started and converted and (event == 'started' or event == 'converted') then
  count(started.on, 'converted_later', 1)
  count(converted.on, 'conversions_timed', 1)
  count(converted.on, 'conversion_seconds', math.max(0, converted.at - started.at))
end
return 1
