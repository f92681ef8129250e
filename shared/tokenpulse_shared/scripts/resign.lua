-- Give up the lease before it runs out, unless another process holds it by now: the next to ask leads at once.
-- KEYS[1] lease, KEYS[2] term, which stays: the next holder's has a higher number   ARGV: owner
-- Reply: 1 given up, 0 it was not the owner's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
