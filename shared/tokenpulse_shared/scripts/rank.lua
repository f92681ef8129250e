-- Replace the sorted set of health scores unless it came from a later board.
-- KEYS[1] sorted set, KEYS[2] guard   ARGV: term's number, board's time in milliseconds, guard's time to live in
-- seconds, then score, provider, …
-- Reply: 1 replaced, 0 it is a later one.
local number, at = string.match(redis.call('GET', KEYS[2]) or '0:0', '^(%d+):(%d+)$')
number, at = tonumber(number) or 0, tonumber(at) or 0
local mine, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if number > mine or (number == mine and at > now) then return 0 end
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[1])
for i = 4, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
