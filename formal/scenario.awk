# Turns the STEP lines of a trail of dialog.pml (spin -t) into a scenario: awk -v bug=BUG_X -f scenario.awk trail.log
#
# The engine keeps its own order within what it does by itself (it transmits, stores, acknowledges), so the trail is cut into phases
# there where something comes from outside: a statement, a crash, time. In a phase the messages of one kind and direction all arrive,
# or are all lost; what arrives a second time is either a retry (its ack was lost) or a copy that the hop holds back until then.
# What was received and not committed when its side crashes, or acknowledged before it was committed, is a loss of power in the middle
# of that commit.
# Expected is what is right, never what the bug did; and that what the trail needs has happened (a copy that came, a lost power).
# Exit code 3: the trail has something that cannot be said this way.

function fail(text) { print "scenario.awk: " text > "/dev/stderr"; broken = 3; exit 3 }
function say(text) { print text }
function use(side) {
  if (at == side) return
  say(":connect " host[side]); say("USE " base[side] ";"); at = side
}
function advance(seconds) { say("--# advance " seconds "s"); clock += seconds }
function power(side) { if (down[side]) { say("--# restart " host[side]); down[side] = 0; at = -1 } }
function fault(from, to, what) { say("--# net " host[from] " -> " host[to] " " what) }

# What becomes of the messages between step `first` and the next step from outside; returns the last step of the phase.
function phase(first,    i, side, n, last, key) {
  last = steps
  delete came; delete sent; delete acked; delete offered; delete open_commit; delete said_too_early
  for (i = first; i <= steps; ++i) {
    if (what[i] ~ /^(send|end|end_with_error|cleanup|crash|row_goes|tombstone_goes|grant_renewed|grant_refused)$/) { last = i - 1; break }
    side = who[i]
    if (what[i] == "receive" || what[i] == "receive_first") { ++came[1 - side]; open_commit[side] = 1 }
    if (what[i] == "transmit") ++sent[side]
    if (what[i] == "ack") { ++offered[side]; said_too_early[side] = open_commit[side] }
    if (what[i] == "receive_ack") { ++acked[1 - side]; open_commit[side] = 1 }
    if (what[i] == "commit") open_commit[side] = 0
  }
  return last
}

# Steps of the engine itself: sets what the network does, lets the time of a retry pass, and clears it again.
function run_phase(first, last,    side, other, cut, wait) {
  if (last < first) return
  cut = 0; wait = 2
  for (side = 0; side < 2; ++side) {
    other = 1 - side
    # An ack that nobody receives in this phase is lost, so that the engine does not do what the trail does not.
    if ((came[other] || offered[side]) && !acked[side]) { fault(side, other, "loss 100% only ack"); cut = 1 }
    if (sent[side] && !came[side] && !held_now) { fault(side, other, "loss 100%"); cut = 1 }
    if (came[side] && !sent[side] && known[side]) wait = 70 # a retry: after the longest wait
    if (came[side]) known[side] = 1
    # Received and not committed when its side loses power: in the middle of that commit.
    if (open_commit[other] && came[side] && ((last == steps && said_too_early[other]) || (what[last + 1] == "crash" && who[last + 1] == other))) {
      say("--# note " host[other] " loses power while it stores what came")
      say("--# crash " host[other] " after write 0"); tore = 1; down[other] = 1; torn = other; cut = 1
    }
  }
  pending_advance = wait; pending_cut = cut
}
function settle_phase() {
  if (pending_advance) advance(pending_advance)
  if (pending_cut) say("--# heal")
  pending_advance = 0; pending_cut = 0
}

# A first message that comes again when its sender has the ack, or its receiver no row: a copy that was held back.
function find_held(    i, j, started) {
  held = 0
  for (i = 1; i <= steps; ++i) {
    if (what[i] == "receive_first") {
      if (started) {
        replay = i
        for (j = 1; j < i; ++j)
          if (what[j] == "transmit" && who[j] == 0 && arg[j] == 0 && grant[j] == arg[i]) { held = j; break }
        return
      }
      for (j = i; j <= steps && !(what[j] == "commit" && who[j] == 1); ++j) if (what[j] == "crash" && who[j] == 1) break
      if (what[j] == "commit") started = 1
    }
  }
}

function statement(side, name,    body) {
  use(side)
  if (name == "send") {
    if (side == 0 && !begun) {
      say("DECLARE @h uniqueidentifier;")
      say("BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];")
      begun = 1
    } else {
      say("DECLARE @h uniqueidentifier;")
      say("SELECT @h = conversation_handle FROM sys.conversation_endpoints;")
    }
    say("SEND ON CONVERSATION @h MESSAGE TYPE [" (side == 0 ? "Order" : "Receipt") "] (N'" count[side] + 0 "');")
    ++count[side]
  } else {
    if (side == 0 && !begun) fail("an end before anything was sent")
    say("DECLARE @h uniqueidentifier;")
    say("SELECT @h = conversation_handle FROM sys.conversation_endpoints;")
    say("END CONVERSATION @h" (name == "cleanup" ? " WITH CLEANUP" : name == "end_with_error" ? " WITH ERROR = 1 DESCRIPTION = 'ended'" : "") ";")
    ended[side] = 1
  }
  say("GO")
}

BEGIN {
  host[0] = "HOST_A"; base[0] = "Sender"; host[1] = "HOST_B"; base[1] = "Receiver"; at = -1
  story["BUG_ACK_BEFORE_STORE"] = "What is acknowledged is stored: an ack does not leave before its commit"
  story["BUG_DEDUP_FORGOTTEN"] = "A message that is repeated after a crash is put on the queue once"
  story["BUG_DELIVERED_AFTER_END"] = "What comes after END CONVERSATION is acknowledged and not delivered"
  story["BUG_NO_TOMBSTONE"] = "A first message that is replayed after its row has gone meets the tombstone"
  story["BUG_FIRST_GRANT"] = "A tombstone outlives the newest grant, also one that never came here"
  story["BUG_NUMBERS_REUSED"] = "After a crash no number is used for another message"
}
$1 == "STEP" {
  ++steps
  who[steps] = $2; what[steps] = $3; arg[steps] = $4
  if ($3 == "receive_first") arg[steps] = $5
  for (i = 4; i < NF; ++i) if ($i == "grant") grant[steps] = $(i + 1)
  if ($2 == "time") who[steps] = -1
}
END {
  if (broken) exit broken
  if (!steps) fail("no STEP line")
  find_held()
  if (replay && !held) fail("a first message comes again that was never sent under its grant")
  say("--# scenario " story[bug])
  say("--# note Made by formal/check from the shortest way in which the model with " bug " fails. The engine does not.")
  say("--# clock 2020-03-01")
  say("--# modes sim")
  say(":r ../setup/full_security.sqlcmd")
  for (i = 1; i <= steps;) {
    if (what[i] ~ /^(send|end|end_with_error|cleanup)$/) {
      settle_phase(); power(who[i])
      # The first message leaves with its statement, so its fate is set before.
      if (what[i] == "send" && who[i] == 0 && !begun && held && grant[held] == 1) { fault(0, 1, "delay " (hold = 2 * 3600) "s only begin"); held_at = clock; held_now = 1 }
      j = i + 1
      while (j <= steps && what[j] == "commit" && who[j] == who[i]) ++j
      if (what[j] !~ /^(send|end|end_with_error|cleanup)$/) { last = phase(j); run_phase(j, last) } else last = j - 1
      statement(who[i], what[i])
      if (held_now && pending_advance) { advance(1); say("--# heal"); held_now = 0; if (pending_cut) { run_phase(j, last) } pending_advance = 70 }
      i = last + 1
    } else if (what[i] == "crash") {
      renews = who[i] == 0 && held && grant[held] == 2 && i < held
      if (renews) pending_advance = 3600 # so long lives its second grant after the first
      settle_phase()
      if (torn != who[i] + 0 || !down[who[i]]) { say("--# crash " host[who[i]]); down[who[i]] = 1 }
      torn = -1
      if (renews) { # the retry after the start is under a new grant: that copy is held back, until the first grant is long over
        fault(0, 1, "delay " (hold = 7 * 3600 + 1800) "s only begin"); held_at = clock
        power(0); advance(10); say("--# heal")
      }
      last = phase(i + 1); run_phase(i + 1, last)
      if (renews) pending_advance = 70
      power(who[i])
      i = last + 1
    } else if (what[i] == "row_goes" || what[i] == "tombstone_goes" || what[i] ~ /^grant_/) {
      settle_phase(); power(0); power(1)
      if (what[i] == "row_goes") advance(31 * 60)
      if (what[i] == "tombstone_goes") advance(8 * 3600 + 300 - clock) # the first grant and the skew are over, the second not
      j = i + 1
      while (j <= steps && what[j] == "commit") ++j
      i = j
    } else if (i == replay) {
      settle_phase()
      say("--# note The copy that was held back arrives")
      if (hold - (clock - held_at) > 0) advance(hold - (clock - held_at) + 10)
      replayed = 1
      i = phase(i) + 1
    } else {
      settle_phase()
      last = phase(i); run_phase(i, last)
      i = last + 1
    }
  }
  settle_phase()
  finish()
}

function finish(    side) {
  for (side = 0; side < 2; ++side) {
    if (!down[side]) continue
    # What a side lost with its power, the other one still has.
    use(1 - side)
    say("SELECT CASE WHEN EXISTS (SELECT * FROM sys.transmission_queue) THEN 'still there' ELSE 'lost' END;")
    say("GO"); say("--# expect value 'still there'")
    power(side)
  }
  say("--# advance 3m")
  if (bug == "BUG_DEDUP_FORGOTTEN") say("--# expect event 160 error 11218 on HOST_B")
  if (replayed) say("--# expect event 160 error 11212 on HOST_B")
  # What a crash cuts off in the middle may be stored before it was said to be: then its event is lost, and the queue tells.
  if (count[0] && !tore) say("--# expect delivered " count[0] " to [ReceiverQueue] on HOST_B.Receiver")
  if (count[1] && !ended[0] && !tore) say("--# expect delivered " count[1] " to [SenderQueue] on HOST_A.Sender")
  say("--# expect status none")
  if (!ended[1] && !ended[0]) {
    say(":setvar count " count[0]); say(":r ../setup/orders_in_order.sqlcmd")
  } else if (ended[1]) {
    use(1)
    say("SELECT COUNT(*) FROM ReceiverQueue;"); say("GO"); say("--# expect value '0'")
    say("SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state <> 'CD';"); say("GO"); say("--# expect value '0'")
  }
  if (ended[0]) {
    use(0)
    say("SELECT COUNT(*) FROM SenderQueue;"); say("GO"); say("--# expect value '0'")
  }
}
