-- Move a breaker to a new state unless another writer moved it first; count the move with it, exactly once.
-- KEYS[1] circuit hash   ARGV: version expected, its time to live in seconds, hash of counters, its time to live,
-- index of breakers not at rest, its time to live, model, index entry ('' for one at rest), epoch seconds,
-- counters to raise (`moved:CLOSED:OPEN …`), then field, value, …   Every key shares the provider's slot.
-- Reply: 1 moved, 0 the version differs.
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', tonumber(version) + 1), unpack(ARGV, 11))
redis.call('EXPIRE', KEYS[1], ARGV[2])

-- From here on a key that holds something else loses its own part only.
local function try(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  return not (type(reply) == 'table' and reply['err']) and reply
end
local counters, index, now = ARGV[3], ARGV[5], tonumber(ARGV[9])
for move in string.gmatch(ARGV[10], '%S+') do
  if try('HINCRBY', counters, move, 1) then redis.call('EXPIRE', counters, ARGV[4]) end
end
if ARGV[8] == '' then try('HDEL', index, ARGV[7])
elseif try('HSET', index, ARGV[7], ARGV[8]) then redis.call('EXPIRE', index, ARGV[6]) end
local entries = try('HGETALL', index) or {}
for i = 1, #entries, 2 do -- breakers that were forgotten meanwhile
  local expires_at = tonumber(string.match(entries[i + 1], ',(%d+)%]$') or 0)
  if expires_at <= now then redis.call('HDEL', index, entries[i]) end
end
return 1
