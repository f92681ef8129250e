-- Take or keep the lease of the one process that computes health scores; each new holder begins a term of its own.
-- KEYS[1] lease, KEYS[2] term   ARGV: owner, lease in milliseconds, term's time to live in seconds
-- Reply: the holder's term `<number>:<owner>`, higher with each new holder; nothing when another holds the lease.
local holder, term = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return false end
if not holder or not term or string.match(term, ':(.*)$') ~= ARGV[1] then
  term = string.format('%.0f', (tonumber(string.match(term or '', '^%d+')) or 0) + 1) .. ':' .. ARGV[1]
end
redis.call('SET', KEYS[2], term, 'EX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return term
