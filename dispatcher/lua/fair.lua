-- SPDX-License-Identifier: MIT
-- Fair: which run a lane serves next, found without looking at those that have nothing for it.
--
-- Of each lane: `loa:ready:LANE`, the runs that have or may have work for it, the next one first
-- (score: order, then pass); `loa:later:LANE`, those that have to be looked at at a time (score:
-- ms, 0 = at once), with the reason in the run's field `later:LANE`. claim takes the head of
-- `ready`; what it finds without work it takes out, or puts to `later` until its time.
--
--          work arises: due, wake            its time has come: claim
--   (none) ─────────────────────────▶ later ─────────────────────────▶ ready ──▶ served
--      ▲                                ▲     not yet, and until when    │
--      │                                └────────────────────────────────┤
--      └────────────────────────────── nothing is left for the lane ─────┘
--
-- Whatever makes work says so (due, wake). One that was missed (an older release did it) is found
-- by the keeper's next turn, which looks at each run (heal): it delays, and loses nothing.
--
-- Order: priority of the class, single messages before campaigns of the same. Among equals each
-- gets by its weight (stride scheduling): its `pass`, in the run's field `pass:LANE`, grows with
-- what it is given, and the least served goes first. Who had nothing to do begins where the lane is
-- (the lane's field `pass:ORDER`): what it did not use is lost.
--
-- Ageing: of a class with `wait_min`, who has waited for so long while more urgent campaigns were
-- served goes ahead for one claim; never ahead of class emergency, nor of single messages of class
-- personal. `loa:waited:LANE`: those who wait, by when they have waited for so long.

local fair = { ORDER = 281474976710656, -- 2^48, above any pass
  STRIDE = 1000,      -- pass of a message at weight 1
  PUT_OFF_MS = 5000,  -- looked at again, for limits may be changed and brakes let go
  MOVES = 1024, LOOKS = 256, -- in one claim
  OTHER = 'goes through another provider of its route',
  TURNS = 32 } -- in a second, at most, when many share a lane

-- What says which lanes may serve a run.
function fair.get(run)
  local v = call('HMGET', K.run .. run, 'lanes', 'routes', 'partitions')
  return { id = run, lanes = v[1], routes = v[2], partitions = v[3] }
end

-- All lanes that may serve the run, each once.
function fair.names(r)
  local out, seen, plan = {}, {}, route.plan(r)
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    for _, one in ipairs(plan[p] or {}) do
      if not seen[one.lane] then out[#out + 1], seen[one.lane] = one.lane, true end
    end
  end
  return out
end

function fair.of_run(run) return fair.names(fair.get(run)) end

-- No campaign of the same priority goes before single notices.
function fair.order(prio, kind) return (prio or 9) * 2 + (kind == 'notices' and 0 or 1) end

-- The lane has something to look at in the run at that time, ms; 0 = at once.
function fair.due_at(run, lane, at_ms)
  if call('ZSCORE', K.ready .. lane, run) then return end
  if call('ZADD', K.later .. lane, 'LT', 'CH', int(at_ms), run) == 1 and at_ms > 0 then
    call('HSET', K.run .. run, 'later:' .. lane, 'retry later')
  end
end

-- Partition p has a range that may be claimed at that time; "P:T": by the lane of tariff T only.
function fair.due(run, p, at_ms)
  local of, tariff = string.match(p, '^(%d+):?(%d*)$')
  for _, one in ipairs(route.of(fair.get(run), tonumber(of))) do
    if tariff == '' or tonumber(tariff) == one.t then fair.due_at(run, one.lane, at_ms) end
  end
end

-- There may be work in any partition: it is frozen further, goes on, or is held up no longer.
function fair.wake(run)
  for _, lane in ipairs(fair.of_run(run)) do fair.due_at(run, lane, 0) end
end

function fair.leave(run)
  for _, lane in ipairs(fair.of_run(run)) do
    call('ZREM', K.ready .. lane, run)
    call('ZREM', K.later .. lane, run)
    call('ZREM', K.waited .. lane, run)
  end
end

-- What was put off for the lane's limits is looked at again.
function fair.look_again(lane)
  call('ZUNIONSTORE', K.later .. lane, 1, K.later .. lane, 'WEIGHTS', 0)
end

-- ---- for claim ----

function fair.pass_of(run, lane, order)
  return math.max(tonumber(call('HGET', K.run .. run, 'pass:' .. lane)) or 0,
    tonumber(call('HGET', K.lane .. lane, 'pass:' .. order)) or 0)
end

function fair.enter(run, lane, order, pass)
  call('ZADD', K.ready .. lane, int(order * fair.ORDER + math.min(pass, fair.ORDER - 1)), run)
end

-- Those whose time has come wait for their turn. → is any left?
function fair.move_due(lane, t)
  local due = call('ZRANGEBYSCORE', K.later .. lane, '-inf', int(t.ms), 'LIMIT', 0, fair.MOVES)
  for _, run in ipairs(due) do
    local v = call('HMGET', K.run .. run, 'state', 'prio', 'kind', 'wait_min')
    call('ZREM', K.later .. lane, run)
    if v[1] == 'running' then
      local order = fair.order(tonumber(v[2]), v[3])
      fair.enter(run, lane, order, fair.pass_of(run, lane, order))
      fair.wait_from(run, lane, t, v[4])
    end
  end
  return #due == fair.MOVES
end

-- From now on it waits for its turn.
function fair.wait_from(run, lane, t, wait_min)
  if wait_min then call('ZADD', K.waited .. lane, int(t.ms + tonumber(wait_min) * 60000), run) end
end

-- How much of `want`, a second of the lane, one of those of the order gets at a time: its share of
-- that second, but no less than a turn, nor than the lane's best batch.
function fair.share(lane, order, want, best, per_s)
  local n = call('ZCOUNT', K.ready .. lane, int(order * fair.ORDER), int((order + 1) * fair.ORDER - 1))
  if n < 2 then return want end
  local least = math.max(best, math.ceil(math.max(want, per_s) / fair.TURNS))
  return math.min(want, math.max(least, math.ceil(want / n)))
end

-- Who is next → run, order; nil: nobody waits for the lane.
function fair.head(lane)
  local v = call('ZRANGE', K.ready .. lane, 0, 0, 'WITHSCORES')
  if v[1] then return v[1], floor(tonumber(v[2]) / fair.ORDER) end
end

-- May somebody who has waited go ahead of this one?
function fair.may_be_passed(run)
  local v = call('HMGET', K.run .. run, 'class', 'kind')
  return v[1] ~= 'emergency' and not (v[1] == 'personal' and v[2] == 'notices')
end

-- Who has waited long enough to go ahead of the head of this order → run, order; nil: nobody has.
function fair.aged(lane, head, order, t)
  for _, run in ipairs(call('ZRANGEBYSCORE', K.waited .. lane, '-inf', int(t.ms), 'LIMIT', 0, 16)) do
    local score = tonumber(call('ZSCORE', K.ready .. lane, run) or '')
    local own = score and floor(score / fair.ORDER)
    if own and own > order then
      if fair.may_be_passed(head) then return run, own end
      return nil
    end
    -- Its own kind is being served.
    call('ZREM', K.waited .. lane, run)
    if own then fair.wait_from(run, lane, t, call('HGET', K.run .. run, 'wait_min')) end
  end
end

-- It has no work for the lane now; at_ms nil: until somebody says that it has.
function fair.put_off(run, lane, at_ms, why)
  call('ZREM', K.ready .. lane, run)
  call('ZREM', K.waited .. lane, run)
  if not at_ms then return end
  call('ZADD', K.later .. lane, int(math.ceil(at_ms)), run)
  call('HSET', K.run .. run, 'later:' .. lane, why)
end

-- It was given n messages. Whose turn it was not: the lane stays where it is.
function fair.served(r, lane, order, n, is_aged, t)
  local pass = fair.pass_of(r.id, lane, order)
  local after = pass + math.ceil(n * fair.STRIDE / (r.weight or 100))
  if not is_aged then call('HSET', K.lane .. lane, 'pass:' .. order, int(pass)) end
  call('HSET', K.run .. r.id, 'pass:' .. lane, int(after))
  fair.enter(r.id, lane, order, after)
  fair.wait_from(r.id, lane, t, r.wait_min)
end

-- Until when nobody waits for the lane, ms, and why; nil: nobody does.
function fair.next_look(lane)
  local v = call('ZRANGE', K.later .. lane, 0, 0, 'WITHSCORES')
  if v[1] then
    return tonumber(v[2]), call('HGET', K.run .. v[1], 'later:' .. lane) or 'retry later'
  end
end

-- ---- for people ----

-- Has the run a range under a lease that this lane may serve?
function fair.is_served(r, lane)
  for _, place in ipairs(call('HKEYS', K.run .. r.id .. K.lease)) do
    if route.entry(route.of(r, tonumber(string.match(place, '^%d+'))), lane) then return true end
  end
  return false
end

-- Does the lane serve others while the run waits? More urgent ones, or equals until it is its turn.
function fair.is_passed_over(r, lane)
  local score = tonumber(call('ZSCORE', K.ready .. lane, r.id) or '')
  local _, first = fair.head(lane)
  if not score or not first then return false end
  if first < floor(score / fair.ORDER) then return true end
  return call('ZCARD', K.ready .. lane) > 1 and not fair.is_served(r, lane)
end

-- [run] → [why it is not served now, ms until it is looked at again, of hours and freezes until when,
-- s]; '': nothing but its lanes holds it up. Reads only.
function fair.waits(_, a)
  local t, r = clock(), fair.get(a[1])
  local why, ms = hours.opens(a[1], t)
  if why then return { why, math.ceil(ms), math.ceil((t.ms + ms) / 1000) } end
  why, ms = '', 0
  for _, lane in ipairs(fair.names(r)) do
    if fair.is_passed_over(r, lane) then return { 'other campaigns of the lane go first', 0 } end
    local at = tonumber(call('ZSCORE', K.later .. lane, r.id) or '')
    local later = at and at > t.ms and (call('HGET', K.run .. r.id, 'later:' .. lane) or 'retry later')
    if later and later ~= fair.OTHER and (why == '' or at - t.ms < ms) then
      why, ms = later, math.ceil(at - t.ms)
    end
  end
  return { why, ms }
end
