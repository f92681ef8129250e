-- Apply one batch of one writer exactly once. Counts are integers; times are whole seconds.
-- KEYS[1] guard hash   ARGV: writer id, previous sequence, sequence, guard's time to live, operations (see operations.py)
-- Reply: {status, sequence stored, Redis time in microseconds, rejected increments, first rejection, KEYS[1]};
-- the key tells the writer that the reply is its own: after stray bytes replies stand shifted.
-- status: OK applied; DUP applied before, nothing done; GAP the guard is not at `previous`, nothing done; EVICTED
-- the same on a server that evicts keys: the guard may be gone by itself, with what it vouched for still there.
local writer, previous, sequence, ttl = 'writer:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local clock = redis.call('TIME')
local now = tonumber(clock[1])
local microseconds = clock[1] .. string.format('%06d', tonumber(clock[2]))

local guard = redis.call('HGET', KEYS[1], writer)
local stored = guard and tonumber(string.match(guard, '^(%d+)')) or 0
if stored >= sequence then return {'DUP', stored, microseconds, 0, '', KEYS[1]} end
if stored == 0 and previous > 0 then
  local info = redis.pcall('INFO', 'stats') -- without the right to ask, all is taken for lost
  local evicted = type(info) == 'string' and string.match(info, 'evicted_keys:(%d+)')
  if evicted and tonumber(evicted) > 0 then return {'EVICTED', stored, microseconds, 0, '', KEYS[1]} end
end
if stored ~= previous then return {'GAP', stored, microseconds, 0, '', KEYS[1]} end

-- In a slot that moves to another node of a cluster, a key that is missing here may be there already: nothing is
-- applied until the move is over. A missing key tells; no key of ours has an empty name between its colons.
local moving = redis.pcall('HGET', KEYS[1] .. '::', 'moving')
if type(moving) == 'table' and string.find(tostring(moving['err']), 'non local key', 1, true) then
  return redis.error_reply('TRYAGAIN the slot is moving')
end

local packed_at = string.find(ARGV[5], '\0', 1, true) or #ARGV[5] + 1
local operations = cjson.decode(string.sub(ARGV[5], 1, packed_at - 1)) -- fails before anything is written
local fields = stored == 0 and redis.call('HGETALL', KEYS[1]) or {}
local is_first = stored == 0 -- nothing is counted yet: guards alone are there where a first batch was refused
for i = 1, #fields, 2 do is_first = is_first and string.sub(fields[i], 1, 7) == 'writer:' end
-- The guard is the first write, by `call`: out of memory or read-only stops the script here, with nothing applied.
redis.call('HSET', KEYS[1], writer, string.format('%.0f:%.0f', sequence, now))

local changes, rejected, first_rejection = 0, 0, ''
local function is_refusal(text)
  return string.find(text, 'NOPERM', 1, true) or string.find(text, 'ACL failure', 1, true)
    or string.find(text, "The user executing the script can't", 1, true)
end
local function refuse(text) -- a right is missing, nothing is counted: as if no batch had come
  redis.call('HSET', KEYS[1], writer, guard or string.format('0:%.0f', now))
  error(text)
end
local function try(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply['err'] then
    if command ~= 'GET' then changes = changes + 1 end
    return reply
  end
  local text = tostring(reply['err'])
  if changes == 0 and is_refusal(text) then refuse(text) end
  rejected = rejected + 1
  if first_rejection == '' then first_rejection = key .. ': ' .. command .. ': ' .. text end
  return nil
end
try('EXPIRE', KEYS[1], ttl)
for i = 1, #fields, 2 do -- a new writer sweeps the guards of writers gone for two days
  local seen = string.sub(fields[i], 1, 7) == 'writer:' and string.match(fields[i + 1], ':(%d+)$')
  if seen and now - tonumber(seen) > 172800 then redis.pcall('HDEL', KEYS[1], fields[i]) end
end

local function halve(key, ttl_seconds, scale, capacity)
  local fields = try('HGETALL', key)
  if not fields then return end
  local merged, size = {}, capacity + 1
  for i = 1, #fields, 2 do
    local name = fields[i]
    if not tonumber(fields[i + 1]) or not (tonumber(name) or name == 'zero' or name == 'scale') then return end -- not ours
    if name ~= 'scale' then merged[name] = fields[i + 1] end
  end
  while size > capacity do
    local coarse = {}
    scale, size = scale - 1, 1
    for index, count in pairs(merged) do
      local half = index == 'zero' and index or string.format('%d', math.floor(tonumber(index) / 2))
      if not coarse[half] then coarse[half] = 0; size = size + 1 end
      coarse[half] = coarse[half] + tonumber(count)
    end
    merged = coarse
  end
  if not try('DEL', key) then return end
  redis.call('HSET', key, 'scale', string.format('%d', scale))
  for index, count in pairs(merged) do redis.call('HSET', key, index, string.format('%.0f', count)) end
  redis.call('EXPIRE', key, ttl_seconds)
end

-- Scores before counts: setting one twice changes nothing, so their right is tried before anything is counted.
changes = 0
for _, operation in ipairs(operations.scores) do -- {key, time to live, {member: score}}
  local changed = false
  for member, score in pairs(operation[3]) do
    if try('ZADD', operation[1], 'GT', string.format('%.0f', score), member) ~= nil then changed = true end
  end
  if changed then redis.call('EXPIRE', operation[1], operation[2]) end
end
changes = 0

-- Finish reasons and error types come from upstream: a hash of this many fields takes no new ones, whoever writes.
local most_fields = 1000
local function kind_of_word(field)
  local first = string.byte(field)
  if first ~= 101 and first ~= 102 then return nil end -- e, f: looked at first, for nearly no field is a word
  return string.match(field, '^error:') or string.match(field, '^finish:')
end
local function place(key, field)
  local kind = kind_of_word(field)
  if not kind or redis.pcall('HGET', key, field) then return field end -- an error is no false
  local held = redis.pcall('HLEN', key) -- without the right to ask, the field is taken
  return type(held) == 'number' and held >= most_fields and kind .. 'other' or field
end

local function varint(data, at)
  local value, factor, byte = 0, 1, string.byte(data, at)
  while byte >= 128 do
    value, factor, at = value + (byte - 128) * factor, factor * 128, at + 1
    byte = string.byte(data, at)
  end
  return value + byte * factor, at + 1
end

local function unpack_sketch(data, at, bits, divisor)
  local size, zeros, index, gap, count, more
  size, at = varint(data, at)
  zeros, at = varint(data, at)
  index, at = varint(data, at)
  index = (index % 2 == 0 and index / 2 or -(index + 1) / 2) - 1
  local buckets, step = {}, 2 ^ bits
  for _ = 1, size do
    gap, count, at = math.floor(string.byte(data, at) / step), string.byte(data, at) % step, at + 1
    if gap == 256 / step - 1 then
      more, at = varint(data, at)
      gap = gap + more
    end
    if count == step - 1 then
      more, at = varint(data, at)
      count = count + more
    end
    index = index + gap + 1
    local place = string.format('%d', math.floor(index / divisor))
    buckets[place] = (buckets[place] or 0) + count + 1
  end
  if zeros > 0 then buckets['zero'] = zeros end
  return buckets, at
end

-- Layout of records: see sealed.py; what a writer sends has none of the first layout's sketches.
local function spread(records, ttl_seconds, member, scale, capacity)
  local windows, windows_ttl, bases, counters = unpack(operations.spread)
  local at, length, size, place = 1
  while at <= #records do
    local window = member .. string.format(':%02d', string.byte(records, at))
    length, at = varint(records, at + 1)
    local stop, fields, sketches = at + length, {}, {}
    size, at = varint(records, at)
    for _ = 1, size do
      place, at = varint(records, at)
      fields[counters[place + 1]], at = varint(records, at)
    end
    if size > 0 then table.insert(operations.increments, {bases[1] .. window, ttl_seconds, fields}) end
    at = at + 3
    while at < stop do
      local kind, buckets = string.byte(records, at), false
      at = at + 1
      if kind >= 16 then buckets, at = unpack_sketch(records, at, math.floor(kind / 16), 2 ^ (kind % 16 - scale))
      elseif kind >= 8 then buckets = sketches[kind - 7] end
      sketches[#sketches + 1] = buckets
      if buckets then
        local key = bases[#sketches + 1] .. window
        table.insert(operations.sketches, {key, ttl_seconds, scale, capacity, buckets})
      end
    end
    if try('ZADD', windows, 'GT', string.format('%.0f', now + 30), window) then
      redis.call('EXPIRE', windows, windows_ttl)
    end
  end
end

local names_of = {} -- number → field, of this batch
for i, code in ipairs(operations.codes or {}) do names_of[code] = operations.names[i] end

-- What is appended is not taken back: the right to count is tried first, by adding nothing where more follows.
local function try_right(key, field)
  if key ~= KEYS[1] or not field then return end
  local reply = redis.pcall('HINCRBY', key, place(key, field), 0)
  if type(reply) == 'table' and is_refusal(tostring(reply['err'])) then refuse(tostring(reply['err'])) end
end
if operations.records then
  for _, operation in ipairs(operations.increments) do try_right(operation[1], next(operation[3])) end
  for _, operation in ipairs(operations.sums or {}) do try_right(operation[1], names_of[operation[3][1]]) end
end

-- {key of the block, time to live, member, scale, capacity, where the records are, their length}
for _, operation in ipairs(operations.records or {}) do
  local key, ttl_seconds, member, scale, capacity, start, length = unpack(operation)
  local records = string.sub(ARGV[5], packed_at + start + 1, packed_at + start + length)
  local held = try('GET', key)
  if held ~= nil then
    if #(held or '') > operations.longest then spread(records, ttl_seconds, member, scale, capacity)
    else try('SET', key, (held or '') .. records, 'EX', ttl_seconds) end
  end
end

local find, format = string.find, string.format
local function add_one_by_one(key, names, counts) -- whether any was added
  local changed = false
  for i = 1, #names do
    if try('HINCRBY', key, place(key, names[i]), format('%.0f', counts[i])) ~= nil then changed = true end
  end
  return changed
end

-- Two commands instead of one for each field, where that comes to the same: every number held is one of ours, every
-- sum exact in a double. Else nothing is done and false returned. Few fields, of many held, are faster one by one; too
-- many do not fit Lua's stack.
local function add_at_once(key, names, counts)
  if #names < 8 or #names > 2000 then return false end
  local size = redis.pcall('HLEN', key)
  if type(size) ~= 'number' or size > 4 * #names then return false end
  local reply = redis.pcall('HGETALL', key)
  if reply['err'] then return false end
  local held, fields = {}, {}
  for i = 1, #reply, 2 do held[reply[i]] = reply[i + 1] end
  for i = 1, #names do
    local name, count = names[i], counts[i]
    local kind = not held[name] and size >= most_fields and kind_of_word(name)
    if kind then name = kind .. 'other' end
    local value = held[name]
    if not value then
      size = size + 1
    else
      if #value > 15 or not find(value, '^[1-9]%d*$') and value ~= '0' then return false end
      count = count + value
    end
    if count > 9007199254740991 then return false end
    value = format('%.0f', count)
    held[name], fields[2 * i - 1], fields[2 * i] = value, name, value -- held: a name may come twice
  end
  if type(redis.pcall('HSET', key, unpack(fields))) == 'table' then return false end
  changes = changes + 1
  return true
end
local function add_many(key, names, counts)
  return add_at_once(key, names, counts) or add_one_by_one(key, names, counts)
end

local function add(key, ttl_seconds, names, counts, add_fields)
  local is_new = false
  if ttl_seconds == ttl then -- what lives as long as the guard only ever grows: it tells since when
    if key == KEYS[1] then is_new = is_first else is_new = redis.pcall('TYPE', key)['ok'] == 'none' end
  end
  if not add_fields(key, names, counts) then return end
  redis.call('EXPIRE', key, ttl_seconds) -- never on a key that is not ours
  if is_new then redis.pcall('HSET', key, 'created', microseconds) end
end

for _, operation in ipairs(operations.increments) do -- {key, time to live, {field: increment}}
  local names, counts = {}, {}
  for field, count in pairs(operation[3]) do
    names[#names + 1] = field
    counts[#names] = count
  end
  add(operation[1], operation[2], names, counts, add_one_by_one)
end

for _, operation in ipairs(operations.sums or {}) do -- {key, time to live, {number of a field}, {its increment}}
  local names, codes = {}, operation[3]
  for i = 1, #codes do names[i] = names_of[codes[i]] end
  add(operation[1], operation[2], names, operation[4], add_many)
end

for _, operation in ipairs(operations.notes or {}) do -- {key, field, text}, of keys that lived on above
  if redis.pcall('HLEN', operation[1]) ~= 0 then redis.pcall('HSET', operation[1], operation[2], operation[3]) end
end

for _, operation in ipairs(operations.sketches) do -- {key, time to live, scale, capacity or 0, {index: count}}
  local key, scale, capacity = operation[1], operation[3], operation[4]
  local kept = try('HGET', key, 'scale')
  if kept ~= nil then
    kept = kept and tonumber(kept) or scale
    local divisor = 2 ^ (scale - kept)
    for index, count in pairs(operation[5]) do
      if index ~= 'zero' and divisor ~= 1 then
        index = string.format('%d', math.floor(tonumber(index) / divisor))
      end
      try('HINCRBY', key, index, string.format('%.0f', count))
    end
    redis.call('EXPIRE', key, operation[2])
    if capacity > 0 and (try('HLEN', key) or 0) > capacity then halve(key, operation[2], kept, capacity) end
  end
end

for _, operation in ipairs(operations.lists) do -- {key, time to live, length kept, {item, …} oldest first}
  local changed = false
  for _, item in ipairs(operation[4]) do
    if try('LPUSH', operation[1], item) ~= nil then changed = true end
  end
  if changed then
    try('LTRIM', operation[1], 0, string.format('%.0f', operation[3] - 1))
    redis.call('EXPIRE', operation[1], operation[2])
  end
end

-- {key, time to live, slot seconds, calls that succeeded, provider faults, faults since the last success,
--  then, but from writers of an older release: hash of counters, its time to live, slow calls or '' where none is timed}
local counted = {}
local function tally(counters, name, count)
  if not counters or count == 0 then return end
  counted[counters] = counted[counters] or {}
  counted[counters][name] = (counted[counters][name] or 0) + count
end
local function add_slow(key, slot, text)
  local field = 'slow:' .. string.format('%d', slot % 16)
  local at, sums = string.match(redis.call('HGET', key, field) or '', '^(%d+):([%d:]+)$')
  local parts, next_sum = {string.format('%.0f', slot)}, string.gmatch(tonumber(at) == slot and sums or '', '%d+')
  for more in string.gmatch(text, '%d+') do
    parts[#parts + 1] = string.format('%.0f', tonumber(more) + (tonumber(next_sum() or 0)))
  end
  try('HSET', key, field, table.concat(parts, ':'))
end
for _, operation in ipairs(operations.calls) do
  local key, slot = operation[1], math.floor(now / operation[3])
  -- A ring of 16 slots: longer than any breaker's window, the current slot included.
  local field = 'slot:' .. string.format('%d', slot % 16)
  local held = try('HGET', key, field)
  if held ~= nil then
    local at, good, bad = string.match(held or '', '^(%d+):(%d+):(%d+)$')
    if not at or tonumber(at) ~= slot then good, bad = 0, 0 end
    try('HSET', key, field, string.format('%.0f:%.0f:%.0f', slot, good + operation[4], bad + operation[5]))
    if operation[4] > 0 then try('HSET', key, 'streak', string.format('%.0f', operation[6]))
    else try('HINCRBY', key, 'streak', string.format('%.0f', operation[5])) end
    try('HSET', key, 'seen', string.format('%.0f', now))
    if (operation[9] or '') ~= '' then add_slow(key, slot, operation[9]) end
    local state = redis.call('HGET', key, 'state') -- false of a breaker that never moved
    local forced = state and redis.call('HGET', key, 'forced') or ''
    if forced == '' then redis.call('EXPIRE', key, operation[2]) end -- what a person ordered is kept for longer
    if state ~= 'OPEN' and state ~= 'HALF_OPEN' then state = 'CLOSED' end
    tally(operation[7], 'success:' .. state, operation[4])
    tally(operation[7], 'failure:' .. state, operation[5])
    if counted[operation[7]] then counted[operation[7]].ttl = operation[8] end
  end
end
for counters, counts in pairs(counted) do
  local ttl_seconds, changed = counts.ttl, false
  counts.ttl = nil
  for name, count in pairs(counts) do
    if try('HINCRBY', counters, name, string.format('%.0f', count)) ~= nil then changed = true end
  end
  if changed then redis.call('EXPIRE', counters, ttl_seconds) end
end
return {'OK', sequence, microseconds, rejected, first_rejection, KEYS[1]}
