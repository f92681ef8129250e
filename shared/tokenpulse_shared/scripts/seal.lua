-- Pack windows that are over into their block, and delete the hashes they came from. Layout: see sealed.py.
-- KEYS[1] sorted set of open windows, scored by the second (Redis time) from which they may be packed
-- ARGV: most windows, minutes' and hours' time to live in seconds, bases of metrics / minutes / hours keys,
--       number of counters, counters in order, then bases of the sketches' keys in order
-- Reply: {windows packed, windows left as they are because they hold something unknown}
local most, minutes_ttl, hours_ttl = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local metrics, minutes, hours, count = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local char = string.char
local place = {}
for i = 1, count do place[ARGV[7 + i]] = i - 1 end

local function varint(value)
  local bytes = ''
  while value >= 128 do
    bytes = bytes .. char(value % 128 + 128)
    value = math.floor(value / 128)
  end
  return bytes .. char(value)
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

-- One byte for a bucket: its gap to the bucket before over its count, each less one; a field that is full is
-- followed by what did not fit. The mean gap decides how many bits are the gap's.
local function pack_buckets(indexes, counts, scale, zeros)
  local first, size = indexes[1] or 0, #indexes
  local span, bits = (indexes[size] or -1) - first + 1, 6
  while bits > 1 and size * 2 ^ (7 - bits) <= span do bits = bits - 1 end
  local step = 2 ^ bits
  local count_full, gap_full = step - 1, 256 / step - 1
  local zigzag = first >= 0 and 2 * first or -2 * first - 1
  local parts = {char(16 * bits + scale) .. varint(size) .. varint(zeros) .. varint(zigzag)}
  local last = first - 1
  for at = 1, size do
    local index = indexes[at]
    local gap, count = index - last - 1, counts[index] - 1
    last = index
    if gap < gap_full and count < count_full then parts[at + 1] = char(gap * step + count)
    else
      local tail = ''
      if gap >= gap_full then gap, tail = gap_full, varint(gap - gap_full) end
      if count >= count_full then count, tail = count_full, tail .. varint(count - count_full) end
      parts[at + 1] = char(gap * step + count) .. tail
    end
  end
  return table.concat(parts)
end

local function pack_sketch(fields, scale)
  local indexes, counts, zeros = {}, {}, 0
  for i = 1, #fields, 2 do
    local value, name = whole(fields[i + 1]), fields[i]
    if not value then return nil end
    if name == 'scale' then scale = value
    elseif name == 'zero' then zeros = value
    else
      local index = tonumber(name)
      if not index or index % 1 ~= 0 then return nil end
      if value > 0 and not counts[index] then indexes[#indexes + 1] = index end
      if value > 0 then counts[index] = (counts[index] or 0) + value end
    end
  end
  if scale > 15 then return nil end
  if #indexes == 0 and zeros == 0 then return '\0' end
  table.sort(indexes)
  return pack_buckets(indexes, counts, scale, zeros)
end

local function read(key)
  local reply = redis.pcall('HGETALL', key)
  if reply['err'] then return nil end
  return reply, #reply
end

-- A provider's own hour keeps its counters as a hash: they are read by name from outside.
local function pack(member, scale, keeps_counters)
  local keys, parts, held = {}, {'\0'}, 0
  if not keeps_counters then
    keys[1] = metrics .. member
    local fields, size = read(keys[1])
    parts[1] = fields and pack_counters(fields)
    if not parts[1] then return nil end
    held = size
  end
  parts[2] = '\0\0\0' -- where the first layout has its three sketches: none
  local seen = {}
  for i = 8 + count, #ARGV do
    local key = ARGV[i] .. member
    local fields, size = read(key)
    local part = fields and pack_sketch(fields, scale)
    if not part then return nil end
    keys[#keys + 1] = key
    parts[#parts + 1] = #part > 1 and seen[part] or part
    if i - count < 16 then seen[part] = seen[part] or char(i - count) end
    held = held + size
  end
  while #parts > 2 and parts[#parts] == '\0' do parts[#parts] = nil end
  return table.concat(parts), keys, held
end

local function append(block, ttl, id, payload)
  local held = redis.pcall('GET', block)
  if type(held) == 'table' then return false end
  redis.call('SET', block, (held or '') .. char(id) .. varint(#payload) .. payload, 'EX', ttl)
  return true
end

local sealed, left = 0, 0
local now = tonumber(redis.call('TIME')[1])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, most)
if #due > 0 then -- a right that is missing stops the script here: a window packed but not removed would count twice
  redis.call('ZREM', KEYS[1], '')
  redis.call('DEL', minutes) -- no key: a base is never one
end
for _, member in ipairs(due) do
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
