-- Apply one batch of one writer exactly once. Counts are integers; times are whole seconds.
-- KEYS[1] guard hash   ARGV: writer id, previous sequence, sequence, guard's time to live, operations (JSON)
-- Reply: {status, sequence stored, Redis time in microseconds, rejected increments, first rejection, KEYS[1]};
-- the key tells the writer that the reply is its own: after stray bytes replies stand shifted.
-- status: OK applied; DUP applied before, nothing done; GAP the guard is not at `previous`, nothing done.
local writer, previous, sequence, ttl = 'writer:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local clock = redis.call('TIME')
local now = tonumber(clock[1])
local microseconds = clock[1] .. string.format('%06d', tonumber(clock[2]))

local guard = redis.call('HGET', KEYS[1], writer)
local stored = guard and tonumber(string.match(guard, '^(%d+)')) or 0
if stored >= sequence then return {'DUP', stored, microseconds, 0, '', KEYS[1]} end
if stored ~= previous then return {'GAP', stored, microseconds, 0, '', KEYS[1]} end

-- The guard goes first, by `call`: out of memory or read-only stops the script here, with nothing applied.
redis.call('HSET', KEYS[1], writer, string.format('%.0f:%.0f', sequence, now))
redis.call('EXPIRE', KEYS[1], ttl)
if stored == 0 then -- a new writer sweeps the guards of writers gone for two days
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local seen = string.sub(fields[i], 1, 7) == 'writer:' and string.match(fields[i + 1], ':(%d+)$')
    if seen and now - tonumber(seen) > 172800 then redis.call('HDEL', KEYS[1], fields[i]) end
  end
end

local rejected, first_rejection = 0, ''
local function try(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply['err'] then
    rejected = rejected + 1
    if first_rejection == '' then first_rejection = key .. ': ' .. tostring(reply['err']) end
    return nil
  end
  return reply
end

local function halve(key, ttl_seconds, scale, capacity)
  local fields = redis.call('HGETALL', key)
  local merged, size = {}, capacity + 1
  for i = 1, #fields, 2 do
    if fields[i] ~= 'scale' then merged[fields[i]] = fields[i + 1] end
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
  redis.call('DEL', key)
  redis.call('HSET', key, 'scale', string.format('%d', scale))
  for index, count in pairs(merged) do redis.call('HSET', key, index, string.format('%.0f', count)) end
  redis.call('EXPIRE', key, ttl_seconds)
end

local operations = cjson.decode(ARGV[5])
for _, operation in ipairs(operations.increments) do -- {key, time to live, {field: increment}}
  local changed = false
  for field, count in pairs(operation[3]) do
    if try('HINCRBY', operation[1], field, string.format('%.0f', count)) ~= nil then changed = true end
  end
  if changed then redis.call('EXPIRE', operation[1], operation[2]) end -- never on a key that is not ours
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
    if capacity > 0 and redis.call('HLEN', key) > capacity then halve(key, operation[2], kept, capacity) end
  end
end

for _, operation in ipairs(operations.scores) do -- {key, time to live, {member: score}}
  local changed = false
  for member, score in pairs(operation[3]) do
    if try('ZADD', operation[1], 'GT', string.format('%.0f', score), member) ~= nil then changed = true end
  end
  if changed then redis.call('EXPIRE', operation[1], operation[2]) end
end

for _, operation in ipairs(operations.lists) do -- {key, time to live, length kept, {item, …} oldest first}
  local changed = false
  for _, item in ipairs(operation[4]) do
    if try('LPUSH', operation[1], item) ~= nil then changed = true end
  end
  if changed then
    redis.call('LTRIM', operation[1], 0, string.format('%.0f', operation[3] - 1))
    redis.call('EXPIRE', operation[1], operation[2])
  end
end

-- {key, time to live, slot seconds, calls that succeeded, provider faults, faults since the last success}
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
    redis.call('EXPIRE', key, operation[2])
  end
end
return {'OK', sequence, microseconds, rejected, first_rejection, KEYS[1]}
