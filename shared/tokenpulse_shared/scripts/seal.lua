-- Pack windows that are over into their block, and delete the hashes they came from. Layout: see sealed.py.
-- KEYS[1] sorted set of open windows, scored by the second (Redis time) from which they may be packed
-- ARGV: most windows, minutes' and hours' time to live in seconds, bases of metrics / minutes / hours keys,
--       number of counters, counters in order, then bases of the sketches' keys in order
-- Reply: {windows packed, windows left as they are because they hold something unknown}
local most, minutes_ttl, hours_ttl = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local metrics, minutes, hours, count = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local place = {}
for i = 1, count do place[ARGV[7 + i]] = i - 1 end

local function varint(value)
  local bytes = ''
  while value >= 128 do
    bytes = bytes .. string.char(value % 128 + 128)
    value = math.floor(value / 128)
  end
  return bytes .. string.char(value)
end

local function whole(text)
  local value = tonumber(text)
  return value and value >= 0 and value <= 9007199254740991 and value % 1 == 0 and value or nil
end

local function pack_counters(fields)
  local parts, size = {}, 0
  for i = 1, #fields, 2 do
    local at, value = place[fields[i]], whole(fields[i + 1])
    if not at or not value then return nil end
    if value > 0 then
      parts[#parts + 1] = varint(at) .. varint(value)
      size = size + 1
    end
  end
  return varint(size) .. table.concat(parts)
end

local function pack_sketch(fields, scale)
  if #fields == 0 then return varint(0) end
  local indexes, counts, zeros = {}, {}, 0
  for i = 1, #fields, 2 do
    local value = whole(fields[i + 1])
    local index = tonumber(fields[i])
    if not value then return nil end
    if fields[i] == 'scale' then scale = value
    elseif fields[i] == 'zero' then zeros = value
    elseif not index then return nil
    else
      indexes[#indexes + 1] = index
      counts[index] = value
    end
  end
  table.sort(indexes)
  local last = indexes[1] or 0
  local parts = {varint(scale + 1), varint(#indexes), varint(zeros), varint(last >= 0 and 2 * last or -2 * last - 1)}
  for _, index in ipairs(indexes) do
    parts[#parts + 1] = varint(index - last) .. varint(counts[index])
    last = index
  end
  return table.concat(parts)
end

local function read(key)
  local reply = redis.pcall('HGETALL', key)
  if reply['err'] then return nil end
  return reply, #reply
end

-- A provider's own hour keeps its counters as a hash: they are read by name from outside.
local function pack(member, scale, keeps_counters)
  local keys, parts, held = {}, {varint(0)}, 0
  if not keeps_counters then
    keys[1] = metrics .. member
    local fields, size = read(keys[1])
    parts[1] = fields and pack_counters(fields)
    if not parts[1] then return nil end
    held = size
  end
  for i = 8 + count, #ARGV do
    local key = ARGV[i] .. member
    local fields, size = read(key)
    local part = fields and pack_sketch(fields, scale)
    if not part then return nil end
    keys[#keys + 1] = key
    parts[#parts + 1] = part
    held = held + size
  end
  return table.concat(parts), keys, held
end

local function append(block, ttl, id, payload)
  local held = redis.pcall('GET', block)
  if type(held) == 'table' then return false end
  redis.call('SET', block, (held or '') .. string.char(id) .. varint(#payload) .. payload, 'EX', ttl)
  return true
end

local sealed, left = 0, 0
local now = tonumber(redis.call('TIME')[1])
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, most)) do
  local block, id = string.match(member, '^(.*%d%d%d%d%-%d%d%-%d%d:%d%d):(%d%d)$')
  local base, ttl, scale = minutes, minutes_ttl, 5
  local of_provider_hour = false
  if not block then
    block, id = string.match(member, '^(.*%d%d%d%d%-%d%d%-%d%d):(%d%d)$')
    base, ttl, scale = hours, hours_ttl, 4
    of_provider_hour = block ~= nil and #block == 10
  end
  local payload, keys, held
  if block then payload, keys, held = pack(member, scale, of_provider_hour) end
  if payload and (held == 0 or append(base .. block, ttl, tonumber(id), payload)) then
    for _, key in ipairs(keys) do redis.call('DEL', key) end
    redis.call('ZREM', KEYS[1], member)
    sealed = sealed + 1
  else -- left readable as it is; looked at again in an hour
    redis.call('ZADD', KEYS[1], now + 3600, member)
    left = left + 1
  end
end
return {sealed, left}
