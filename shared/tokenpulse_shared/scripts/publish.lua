-- Store the board of health scores unless a later term has begun: a holder that was paused cannot overwrite it.
-- KEYS[1] board, KEYS[2] term   ARGV: the holder's term, board, its time to live in seconds
-- Reply: 1 stored, 0 the term is over.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
