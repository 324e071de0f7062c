-- SPDX-License-Identifier: MIT
-- Health of a lane, over all processes: how fast it may be asked, and whether at all.
--
-- *Rest*: nothing leaves before `not_before`; what a gateway asks for (Retry-After) is obeyed, and
-- a shorter rest never ends a longer one.
--
-- *Factor*, FACTOR_MIN … 1: the contracted rate is multiplied by it. An explicit "too fast" cuts it
-- by FACTOR_CUT; it grows again by FACTOR_PER_S a second.
--
-- *Breaker*: closed → open, after OPEN_AFTER failures in a row (no answer, none that can be read)
-- or at once when the gateway cannot be reached or refuses the account → after a rest half-open:
-- exactly one request, the probe, may leave → closed by any explicit answer to it, or open twice
-- as long, REST_MIN_MS … REST_MAX_MS.
--
-- Both move at most once a round trip, however many processes ask: an answer to a request that was
-- permitted before the last move moves nothing. In the lane's hash: not_before, not_since (ms),
-- why; factor and factor_at (µs) when it was cut; bad, failures in a row; opens, how often in a row
-- it was opened (absent = closed); moved_at (µs) of the breaker; probe, the permit that tries.

local health = { FACTOR_MIN = 0.05, FACTOR_CUT = 0.7, FACTOR_PER_S = 0.01, OPEN_AFTER = 3,
  REST_MIN_MS = 1000, REST_MAX_MS = 300000 }

-- Milliseconds that it rests still. One that was to rest before the clock was set back goes on.
function health.rests(lv, t)
  if t.ms < (tonumber(lv.not_since) or 0) then return 0 end
  return math.max(0, (tonumber(lv.not_before) or 0) - t.ms)
end

function health.factor(lv, t)
  local factor = tonumber(lv.factor)
  if not factor then return 1 end
  local s = math.max(0, t.us - (tonumber(lv.factor_at) or 0)) / 1000000
  return math.min(1, factor + s * health.FACTOR_PER_S)
end

-- Milliseconds until a request may leave, and why; nothing = it may.
function health.gate(lv, t)
  local rests = health.rests(lv, t)
  if rests > 0 then return rests, lv.why or 'lane waits' end
  if not lv.opens or not lv.probe then return nil end
  local owner = book.get(lv.key .. K.busy, lv.probe)
  if not owner or not is_alive(flight.owner(owner), t) then return nil end
  return 500, 'one request tries whether the gateway works again'
end

-- A request was permitted: it is the probe of a breaker that is open. A clock that was set back
-- lets the factor grow from now.
function health.permitted(lv, id, t)
  if lv.opens then
    lv.probe = id
    book.set(lv.key, 'probe', id)
  end
  if lv.factor and t.us < (tonumber(lv.factor_at) or 0) then
    lv.factor_at = int(t.us)
    book.set(lv.key, 'factor_at', lv.factor_at)
  end
end

local HEALTH_FIELDS = { 'factor', 'factor_at', 'bad', 'opens', 'moved_at', 'probe', 'not_before',
  'not_since' }

-- "Too fast".
function health.slower(key, lv, permitted_us, t)
  local at = tonumber(lv.factor_at) or 0
  if permitted_us <= at and at <= t.us then return end
  local factor = math.max(health.FACTOR_MIN, health.factor(lv, t) * health.FACTOR_CUT)
  book.set(key, 'factor', string.format('%.4f', factor))
  book.set(key, 'factor_at', int(t.us))
end

function health.close(key, t)
  book.set(key, 'moved_at', int(t.us))
  for _, name in ipairs({ 'bad', 'opens', 'probe' }) do book.del(key, name) end
  call('PUBLISH', K.tick, 'lanes')
end

-- A failure. → how long the lane rests for it, ms; 0 = it goes on.
function health.fail(key, lv, is_probe, is_fault, permitted_us, t)
  local moved = tonumber(lv.moved_at) or 0
  local is_stale = permitted_us <= moved and moved <= t.us
  if not is_probe and (lv.opens or is_stale) then return 0 end
  local bad = (tonumber(lv.bad) or 0) + 1
  if not is_probe and not is_fault and bad < health.OPEN_AFTER then
    book.set(key, 'bad', bad)
    return 0
  end
  local opens = (tonumber(lv.opens) or 0) + 1
  book.set(key, 'opens', opens)
  book.set(key, 'moved_at', int(t.us))
  for _, name in ipairs({ 'bad', 'probe' }) do book.del(key, name) end
  return math.min(health.REST_MAX_MS, health.REST_MIN_MS * 2 ^ math.min(opens - 1, 20))
end

-- What the end of permit `id` says of the lane. verdict: 'good' an explicit answer; 'slow' too fast;
-- 'fault' the account, or not reached; 'none' no answer that can be read; '' nothing. at_least: ms
-- that it must rest. → ms that the lane rests, why.
function health.told(lane, id, verdict, at_least, why, permitted_us, t)
  local key = K.lane .. lane
  -- Of a lane that is well a good answer says nothing new.
  if verdict == 'good' and at_least <= 0 and not book.get(key, 'opens') and
    not book.get(key, 'bad') then return 0, '' end
  local lv = {}
  for _, name in ipairs(HEALTH_FIELDS) do lv[name] = book.get(key, name) end
  local is_probe = lv.opens and lv.probe == id
  local rest = at_least
  if verdict == 'slow' then health.slower(key, lv, permitted_us, t) end
  if verdict == 'good' or verdict == 'slow' then
    if is_probe then health.close(key, t)
    elseif lv.bad then book.del(key, 'bad') end
  elseif verdict == 'fault' or verdict == 'none' then
    local failed = health.fail(key, lv, is_probe, verdict == 'fault', permitted_us, t)
    -- What another has said before, or what a probe has disproved since, is no news.
    rest = failed > 0 and math.max(rest, failed) or (verdict == 'none' and rest or 0)
  elseif is_probe then
    book.del(key, 'probe')
    call('PUBLISH', K.tick, 'lanes')
  end
  if rest <= 0 then return 0, '' end
  local left = health.rests(lv, t)
  if rest > left then
    book.set(key, 'not_before', int(t.ms + rest))
    book.set(key, 'not_since', int(t.ms))
    book.set(key, 'why', why)
  end
  return math.max(rest, left), why
end
