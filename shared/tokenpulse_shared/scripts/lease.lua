-- Lease probes of one half-open breaker: at most so many are out at once, whoever holds them.
-- KEYS[1] circuit hash   ARGV: most leases, seconds each lasts, leases given back (ids with spaces between), leases
-- renewed, leases wanted
-- A lease is a field `probe:<id>` that holds when it ends, in milliseconds: an owner that died gives it back so.
-- Reply: the ids that are held from now on. New ones are granted only while the breaker is half open by itself.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + tonumber(clock[2]) / 1000
local ends_at = string.format('%.0f', math.ceil(now + tonumber(ARGV[2]) * 1000))
for id in string.gmatch(ARGV[3], '%S+') do redis.call('HDEL', KEYS[1], 'probe:' .. id) end

local fields, out, held = redis.call('HGETALL', KEYS[1]), 0, {}
local value = {}
for i = 1, #fields, 2 do
  local name = fields[i]
  value[name] = fields[i + 1]
  if string.sub(name, 1, 6) == 'probe:' then
    if (tonumber(fields[i + 1]) or 0) > now then out = out + 1
    else
      redis.call('HDEL', KEYS[1], name)
      value[name] = nil
    end
  end
end
local is_half_open = value['state'] == 'HALF_OPEN' and (value['forced'] or '') == ''
local function grant(id)
  local field = 'probe:' .. id
  if not value[field] then
    if not is_half_open or out >= tonumber(ARGV[1]) then return end
    out = out + 1
  end
  redis.call('HSET', KEYS[1], field, ends_at)
  held[#held + 1] = id
end
for id in string.gmatch(ARGV[4], '%S+') do if value['probe:' .. id] then grant(id) end end
for id in string.gmatch(ARGV[5], '%S+') do grant(id) end
return held
