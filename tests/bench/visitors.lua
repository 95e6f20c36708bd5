-- For wrk: people from a thousand networks and providers, behind a proxy, who sign, confirm and look at the numbers in turn.
-- Arguments: the acts, such as sign,confirm,tally; a word that makes this run's mailboxes new; seconds; a file of tokens.
-- After so many seconds nobody begins anything more, so that every answer that was on its way is counted.
local ffi = require "ffi"
ffi.cdef [[ typedef struct { long s, us; } moment; int gettimeofday(moment *, void *); ]]
local countries = { "PL", "DE", "LT", "ZZ", "FR", "LV", "NL", "CZ", "IT", "SE" }
local moment, acts, tokens, n, at, over, run = ffi.new("moment"), {}, {}, -1, 0, 0, ""
local form = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\nContent-Length: "

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.s) + tonumber(moment.us) / 1e6
end

local function head(method, path)
  local from = ("10.%d.%d.%d"):format(math.floor(n / 250) % 4, n % 250, math.floor(n / 1000) % 250)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: petition.example\r\nAccept-Encoding: gzip, br\r\n"
    .. "X-Forwarded-For: " .. from .. "\r\nX-Forwarded-Proto: https\r\n"
end

local does = {}

function does.sign()
  local body = "email=" .. run .. n .. "%40m" .. n % 1000 .. ".example.net&country=" .. countries[n % 10 + 1] .. "&consent=on"
  return head("POST", "/en/sign") .. form .. #body .. "\r\n\r\n" .. body
end

function does.confirm()
  at = at + 1
  return head("POST", "/en/confirm/" .. tokens[at]) .. form .. "0\r\n\r\n"
end

function does.tally() return head("GET", "/tally.json") .. "\r\n" end

function does.appeal() return head("GET", "/en/") .. "\r\n" end

function init(arguments)
  for act in arguments[1]:gmatch("%a+") do acts[#acts + 1] = does[act] end
  run, over = arguments[2], now() + arguments[3]
  if arguments[4] then for token in io.lines(arguments[4]) do tokens[#tokens + 1] = token end end
end

function delay() return now() < over and 0 or 1e6 end

function request()
  n = n + 1
  if n == 0 then return does.appeal() end -- wrk asks once beforehand and throws it away
  return acts[n % #acts + 1]()
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(('{"answers": %d, "refused": %d, "lost": %d, "p50": %g, "p99": %g, "p999": %g}\n'):format(summary.requests,
    errors.status, lost, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
