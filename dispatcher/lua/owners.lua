-- SPDX-License-Identifier: MIT
-- Owners: which leases each incarnation holds, so that a claim finds those of the dead, and the
-- one that it was given before, without reading the leases of all runs.
--
-- loa:owned:INCARNATION is a hash, claim id → "run:partition:from"; loa:owners is the set of the
-- incarnations that have one. What counts is the lease in its run: an entry that no lease stands
-- for is dropped where it is met; a lease without an entry (a claim of an older release made it)
-- is entered, or taken over, at the keeper's next turn (see reap).


local owners = {}

function owners.enter(run, p, from, l)
  if call('HSETNX', K.owned .. l.inc, l.claim, run .. ':' .. int(p) .. ':' .. int(from)) == 1 then
    call('SADD', K.owners, l.inc)
  end
end

function owners.drop(l) call('HDEL', K.owned .. l.inc, l.claim) end

-- The lease under an entry → run, p, from, lease; nil: there is none any more.
function owners.find(inc, claim_id, place)
  local run, p, from = string.match(place or '', '^(%d+):(%d+):(%d+)$')
  local v = run and call('HGET', K.run .. run .. K.lease, p .. ':' .. from)
  local l = v and cmsgpack.unpack(v)
  if l and l.inc == inc and l.claim == claim_id then return run, tonumber(p), tonumber(from), l end
end

-- What this claim was given before, if its answer was lost.
function owners.claimed(inc, claim_id)
  return owners.find(inc, claim_id, call('HGET', K.owned .. inc, claim_id))
end

-- Those that hold leases and live no more.
function owners.dead(t)
  local out = {}
  for _, inc in ipairs(call('SMEMBERS', K.owners)) do
    if not is_alive(inc, t) then out[#out + 1] = inc end
  end
  return out
end
