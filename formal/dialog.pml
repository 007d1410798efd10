/* One dialog between an initiator and a target: states, numbers, acknowledgements, commits, crashes, closed rows, tombstones.
 *
 * Shape    Two sides. `mem` is what the engine holds, `disk` what its last commit made durable; a crash copies disk to mem. A step
 *          of a side is an event for Node::handle, or its commit. Nothing staged leaves before the commit (Node::commit).
 * Network  Safety: what was ever sent stays there, and is taken by the receiver any number of times, in any order, or never: loss,
 *          repetition, reordering and replay by an attacker, without a bound. Liveness (-DLIVE): channels of kRoom messages that lose
 *          and repeat kLosses and kRepeats times in all, and then work: faults end, which is the fairness that is assumed.
 * Numbers  The initiator sends up to kFromInitiator messages, the target up to kFromTarget, and each its end; a message is one
 *          fragment. A first message is sealed under grant 1, later (a restart, or time) under grant 2.
 * Bugs     -DBUG_... plants one. formal/check runs them, and each must be found by the property that is named there.
 * Source   broker/conversation; docs/formal.md says which line stands for which function.
 */
#ifndef kFromInitiator
#define kFromInitiator 2
#endif
#ifndef kFromTarget
#define kFromTarget 1
#endif
#ifndef kCrashes
#define kCrashes 1 /* of each side */
#endif
#ifndef kGrants
#define kGrants 1
#endif
#ifndef kLosses
#define kLosses 2 /* -DLIVE only, as the two below */
#endif
#ifndef kRepeats
#define kRepeats 1
#endif
#define kRoom 3

#define kNumbers 3 /* sequence numbers of one side: messages and an end */
#define kNoEnd 7

#define INITIATOR 0
#define TARGET 1
#define PEER (1 - me)

/* States of an endpoint (EndpointState). `none`: no row yet; `gone`: its row was removed. SI is left within the step that enters it. */
#define none 0
#define SO 1
#define CO 2
#define DI 3
#define DO 4
#define ER 5
#define CD 6
#define gone 7
#define HAS_ROW(side) (mem[side].state != none && mem[side].state != gone)

/* What a message is; 0: not on the network. */
#define USER 1
#define END 2
#define ERROR 3

typedef Row {
  byte state;
  byte send;       /* send_sequence */
  byte acked;      /* acknowledged */
  byte receive;    /* receive_sequence */
  byte end;        /* end_sequence */
  bool with_error; /* its end is an Error */
  bool met;        /* first_acknowledged */
  bool saw;        /* target: saw_first_ack */
  byte grant;      /* target: the newest grant that the tombstone has to outlive */
  bool tomb;       /* target: a tombstone stands */
  byte stored;     /* ghost: messages put on the queue of the application */
  bool ended;      /* ghost: the application has ended the conversation */
  byte buried;     /* ghost: the newest grant that had been made when its row went */
};

Row mem[2];
Row disk[2];
/* What a crash forgets. */
byte next_to_send[2];
byte sent_highest[2];
bool ack_due[2];
bool staged[2];
byte crashes[2];

/* Time, as far as it matters: the newest grant of the initiator, and up to which one the target accepts none any more. */
byte made = 1;
byte refused = 0;

/* Findings. */
bool misordered = false;  /* a message was put on the queue twice, or before its turn */
bool lost = false;        /* acknowledged, and neither stored nor refused by an application that has ended */
bool late = false;        /* put on a queue whose conversation the application had ended */
bool resurrected = false; /* a first message of before made the conversation again after its row had gone */
bool renumbered = false;  /* one number, two contents */

#ifdef LIVE
chan wire[2] = [kRoom] of { byte, byte, bool }; /* to side: kind or ack; number; saw_first_ack */
#define ACK 4
byte losses = 0;
byte repeats = 0;
#else
byte sent[6];      /* [kNumbers * side + number]: USER, END, ERROR */
bool begin_under[3]; /* a first message under this grant was sent */
bool acks[8];      /* [4 * side + next expected]: sent by side */
bool saw_first_ack = false;
#endif

#define KIND(side, number)                                                          \
  (number == mem[side].end && !mem[side].with_error -> END                          \
       : (number == mem[side].end -> ERROR : USER))
#define MAY_RECEIVE(side) (mem[side].state == SO || mem[side].state == CO)
#define MAY_SEND(side) (mem[side].state == SO || mem[side].state == CO)

/* ---- the sending side: transmit.cc ---- */

inline offer_message(me, number, kind) {
#ifdef LIVE
  if
  :: nfull(wire[PEER]) -> wire[PEER]!kind, number, mem[me].met
  :: full(wire[PEER])
  fi;
#else
  if
  :: sent[kNumbers * me + number] != 0 && sent[kNumbers * me + number] != kind -> renumbered = true
  :: else
  fi;
  sent[kNumbers * me + number] = kind;
  if
  :: me == INITIATOR && number == 0 -> begin_under[made] = true
  :: else
  fi;
  if
  :: me == INITIATOR && mem[me].met -> saw_first_ack = true
  :: else
  fi;
#endif
}

inline offer_ack(me) {
  printf("STEP %d ack %d\n", me, mem[me].receive);
#ifdef LIVE
  if
  :: nfull(wire[PEER]) -> wire[PEER]!ACK, mem[me].receive, mem[me].met
  :: full(wire[PEER])
  fi;
#else
  acks[4 * me + mem[me].receive] = true;
  if
  :: me == INITIATOR && mem[me].met -> saw_first_ack = true
  :: else
  fi;
#endif
}

inline drop_pending(me) {
  mem[me].acked = mem[me].send;
  next_to_send[me] = mem[me].send;
}

inline close(me) {
  drop_pending(me);
  mem[me].state = CD;
}

/* END CONVERSATION WITH ERROR: what was never handed to the transport is forgotten, and its numbers are used again. */
inline drop_unsent(me) {
  if
  :: sent_highest[me] > mem[me].acked -> mem[me].send = (mem[me].send > sent_highest[me] -> sent_highest[me] : mem[me].send)
  :: else -> mem[me].send = mem[me].acked
  fi;
}

inline acknowledge(me, number) {
  if
  :: number <= mem[me].acked || number > mem[me].send
  :: else ->
     if
     :: number > disk[PEER].stored && !disk[PEER].ended -> lost = true
     :: else
     fi;
     mem[me].acked = number;
     if
     :: next_to_send[me] < number -> next_to_send[me] = number
     :: else
     fi;
     mem[me].met = true;
     if
     :: mem[me].state == DO && number > mem[me].end -> close(me)
     :: else
     fi;
     staged[me] = true
  fi;
}

/* ---- the receiving side: accept.cc, arrive.cc ---- */

inline enqueue(me, number) {
  if
  :: number != mem[me].stored -> misordered = true
  :: else
  fi;
  if
  :: mem[me].ended -> late = true
  :: else
  fi;
  mem[me].stored++;
}

inline deliver(me, number, kind) {
  if
  :: kind == ERROR ->
     drop_pending(me);
     if
     :: mem[me].state == DO -> close(me)
     :: MAY_RECEIVE(me) -> mem[me].state = ER; enqueue(me, number)
     :: else
     fi
  :: kind == END && MAY_RECEIVE(me) -> mem[me].state = DI; enqueue(me, number)
#ifdef BUG_DELIVERED_AFTER_END
  :: kind == USER && mem[me].state == DO -> enqueue(me, number)
#endif
  :: kind == USER && MAY_RECEIVE(me) -> mem[me].state = CO; enqueue(me, number)
  :: else /* acknowledged and dropped: nobody will receive it */
  fi;
}

inline accept(me, number, kind) {
  if
  :: number == mem[me].receive ->
     mem[me].receive++;
     deliver(me, number, kind)
  :: else /* seen before, or too early: acknowledged as far as it goes */
  fi;
  ack_due[me] = true;
  staged[me] = true;
#ifdef BUG_ACK_BEFORE_STORE
  offer_ack(me);
#endif
}

/* A first message where there is no row (begin_target). */
inline begin(me, kind, under) {
  if
  :: me == INITIATOR || mem[me].tomb || kind != USER || under <= refused
  :: else ->
     if
     :: mem[me].state == gone && under <= mem[me].buried -> resurrected = true
     :: else
     fi;
     mem[me].state = CO;
     mem[me].send = 0;
     mem[me].acked = 0;
     mem[me].receive = 0;
     mem[me].end = kNoEnd;
     mem[me].met = false;
     mem[me].saw = false;
     mem[me].stored = 0;
     mem[me].ended = false;
     mem[me].grant = under;
     next_to_send[me] = 0;
     sent_highest[me] = 0;
     accept(me, 0, kind)
  fi;
}

/* ---- a row goes: ending.cc ---- */

inline remove_row(me) {
  mem[me].state = gone;
  mem[me].ended = true;
  mem[me].buried = made;
#ifndef BUG_FIRST_GRANT
  mem[me].grant = made; /* bury() counts from now: it outlives all grants made before */
#endif
#ifndef BUG_NO_TOMBSTONE
  mem[me].tomb = (me == TARGET);
#endif
  ack_due[me] = false;
  drop_pending(me);
  staged[me] = true;
}

#define RECEIVE(number)                                                             \
  d_step {                                                                          \
    !staged[me] && sent[kNumbers * PEER + number] != 0 && HAS_ROW(me) ->            \
    kind = sent[kNumbers * PEER + number];                                          \
    printf("STEP %d receive %d kind %d\n", me, number, kind);                       \
    accept(me, number, kind);                                                       \
    kind = 0                                                                        \
  }
#define RECEIVE_FIRST(under)                                                        \
  d_step {                                                                          \
    !staged[me] && me == TARGET && begin_under[under] && !HAS_ROW(me) ->            \
    kind = sent[0];                                                                 \
    printf("STEP %d receive_first grant %d\n", me, under);                          \
    begin(me, kind, under);                                                         \
    kind = 0                                                                        \
  }
#define RECEIVE_ACK(number)                                                         \
  d_step {                                                                          \
    !staged[me] && acks[4 * PEER + number] && HAS_ROW(me) && mem[me].acked < number -> \
    printf("STEP %d receive_ack %d\n", me, number);                                 \
    acknowledge(me, number)                                                         \
  }

/* Assumed for the end: while a closed row stands (kClosedRetention, kInitiatorRetention) an ack of what the other side repeats gets
 * through. Without that (BUG_SHORT_RETENTION) the other side repeats for ever, unanswered. */
#if !defined(LIVE) || defined(BUG_SHORT_RETENTION)
#define MAY_GO(side) true
#else
#define MAY_GO(side) (disk[1 - side].acked == disk[1 - side].send)
#endif

/* ---- a side: what can happen to it, one event a step ---- */

proctype side(byte me) {
  byte n;
  byte kind;
#ifdef LIVE
  bool saw;
#endif
  do
  /* Statements. */
  :: d_step { !staged[me] && MAY_SEND(me) && mem[me].send < (me == INITIATOR -> kFromInitiator : kFromTarget) ->
       printf("STEP %d send %d\n", me, mem[me].send);
       mem[me].send++; mem[me].state = CO; staged[me] = true }
  :: d_step { !staged[me] && HAS_ROW(me) && !mem[me].ended ->
       printf("STEP %d end\n", me);
       mem[me].ended = true; staged[me] = true;
       if
       :: mem[me].state == CO -> mem[me].end = mem[me].send; mem[me].send++; mem[me].state = DO
       :: else -> close(me)
       fi }
  :: d_step { !staged[me] && mem[me].state == CO && !mem[me].ended ->
       printf("STEP %d end_with_error\n", me);
       mem[me].ended = true; staged[me] = true;
       drop_unsent(me);
       if
#ifndef BUG_ERROR_FIRST
       :: me == INITIATOR && mem[me].send == 0 -> close(me) /* nobody has heard of it */
#endif
       :: else ->
          mem[me].end = mem[me].send; mem[me].send++; mem[me].with_error = true; mem[me].state = DO
       fi }
#ifdef CLEANUP
  :: d_step { !staged[me] && HAS_ROW(me) && mem[me].state != CD ->
       printf("STEP %d cleanup\n", me);
       remove_row(me) }
#endif
  /* The commit, and what it releases. */
  :: d_step { staged[me] ->
       printf("STEP %d commit\n", me);
       disk[me].state = mem[me].state; disk[me].send = mem[me].send; disk[me].acked = mem[me].acked;
       disk[me].receive = mem[me].receive;
       disk[me].end = mem[me].end; disk[me].with_error = mem[me].with_error; disk[me].met = mem[me].met;
       disk[me].saw = mem[me].saw; disk[me].grant = mem[me].grant; disk[me].tomb = mem[me].tomb;
       disk[me].stored = mem[me].stored; disk[me].ended = mem[me].ended; disk[me].buried = mem[me].buried;
       if
       :: ack_due[me] -> offer_ack(me)
       :: else
       fi;
       ack_due[me] = false; staged[me] = false }
  /* Transmission: the first message alone until it is acknowledged, then all. */
  :: d_step { !staged[me] && next_to_send[me] < mem[me].send && (next_to_send[me] == 0 || mem[me].acked > 0) ->
       n = next_to_send[me]; kind = KIND(me, n);
       printf("STEP %d transmit %d kind %d grant %d\n", me, n, kind, made);
       offer_message(me, n, kind);
       next_to_send[me]++;
       sent_highest[me] = (sent_highest[me] > next_to_send[me] -> sent_highest[me] : next_to_send[me]);
       n = 0; kind = 0 }
#ifdef LIVE
  :: atomic { timeout && !staged[me] && HAS_ROW(me) && mem[me].acked < mem[me].send ->
       printf("STEP %d retry %d\n", me, mem[me].acked);
       next_to_send[me] = mem[me].acked }
#else
  :: d_step { !staged[me] && next_to_send[me] > mem[me].acked && mem[me].acked < mem[me].send ->
       printf("STEP %d retry %d\n", me, mem[me].acked);
       next_to_send[me] = mem[me].acked }
#endif
  /* A loss of power, and the start after it. */
  :: d_step { crashes[me] < kCrashes ->
       printf("STEP %d crash\n", me);
       crashes[me]++;
       mem[me].state = disk[me].state; mem[me].send = disk[me].send; mem[me].acked = disk[me].acked;
#ifdef BUG_DEDUP_FORGOTTEN
       mem[me].receive = 0;
#else
       mem[me].receive = disk[me].receive;
#endif
       mem[me].end = disk[me].end; mem[me].with_error = disk[me].with_error; mem[me].met = disk[me].met;
       mem[me].saw = disk[me].saw; mem[me].grant = disk[me].grant; mem[me].tomb = disk[me].tomb;
       mem[me].stored = disk[me].stored; mem[me].ended = disk[me].ended; mem[me].buried = disk[me].buried;
       next_to_send[me] = mem[me].acked;
#ifdef BUG_NUMBERS_REUSED
       sent_highest[me] = mem[me].acked;
#else
       sent_highest[me] = mem[me].send; /* any of them may have been handed over */
#endif
       ack_due[me] = false; staged[me] = false;
       if
       :: me == INITIATOR && made < kGrants -> made++ /* grants are in memory only */
       :: else
       fi }
#ifdef LIVE
  :: d_step { !staged[me] && nempty(wire[me]) -> wire[me]?kind, n, saw;
       if
       :: saw && me == TARGET && HAS_ROW(me) -> mem[me].saw = true; staged[me] = true
       :: else
       fi;
       if
       :: kind == ACK && HAS_ROW(me) -> acknowledge(me, n)
       :: kind != ACK && HAS_ROW(me) -> accept(me, n, kind)
       :: kind != ACK && !HAS_ROW(me) && n == 0 -> begin(me, kind, made)
       :: else
       fi;
       n = 0; kind = 0; saw = false }
#else
  /* What comes from the network, or from an attacker who kept it. */
  :: RECEIVE(0)
  :: RECEIVE(1)
  :: RECEIVE(2)
  :: RECEIVE_FIRST(1)
  :: RECEIVE_FIRST(2)
  :: RECEIVE_ACK(1)
  :: RECEIVE_ACK(2)
  :: RECEIVE_ACK(3)
  :: d_step { !staged[me] && me == TARGET && saw_first_ack && HAS_ROW(me) && !mem[me].saw ->
       printf("STEP %d receive_saw\n", me);
       mem[me].saw = true; staged[me] = true }
#endif
  /* Time. */
  :: d_step { !staged[me] && mem[me].state == CD && (me == INITIATOR || mem[me].saw) && MAY_GO(me) ->
       printf("STEP %d row_goes\n", me);
       remove_row(me) }
  :: d_step { !staged[me] && me == TARGET && mem[me].tomb && mem[me].grant <= refused ->
       printf("STEP %d tombstone_goes\n", me);
       mem[me].tomb = false; staged[me] = true }
  od
}

#ifndef LIVE
/* Time goes on: the initiator makes a new grant; the target accepts the old ones no more. */
proctype time() {
  do
#ifdef TIME
  :: d_step { made < kGrants -> printf("STEP time grant_renewed\n"); made++ }
  :: d_step { refused + 1 < made -> printf("STEP time grant_refused %d\n", refused + 1); refused++ }
#else
  :: false
#endif
  od
}
#else
/* Faults, in all: kLosses messages are lost, kRepeats repeated. */
proctype faults() {
  byte kind;
  byte n;
  bool saw;
  do
  :: d_step { losses < kLosses && nempty(wire[0]) -> wire[0]?kind, n, saw; losses++; kind = 0; n = 0; saw = false }
  :: d_step { losses < kLosses && nempty(wire[1]) -> wire[1]?kind, n, saw; losses++; kind = 0; n = 0; saw = false }
  :: d_step { repeats < kRepeats && nempty(wire[0]) && nfull(wire[0]) -> wire[0]?<kind, n, saw>; wire[0]!kind, n, saw; repeats++; kind = 0; n = 0; saw = false }
  :: d_step { repeats < kRepeats && nempty(wire[1]) && nfull(wire[1]) -> wire[1]?<kind, n, saw>; wire[1]!kind, n, saw; repeats++; kind = 0; n = 0; saw = false }
  od
}
#endif

init {
  d_step {
    mem[INITIATOR].state = SO; mem[INITIATOR].end = kNoEnd; mem[TARGET].end = kNoEnd;
    disk[INITIATOR].state = SO; disk[INITIATOR].end = kNoEnd; disk[TARGET].end = kNoEnd;
  }
  atomic {
    run side(INITIATOR);
    run side(TARGET);
#ifdef LIVE
    run faults()
#else
    run time()
#endif
  }
}

#define CLOSED(side) (disk[side].state == CD || disk[side].state == gone)
#ifdef LIVE
ltl both_closed { <> (CLOSED(INITIATOR) && (CLOSED(TARGET) || disk[TARGET].state == none)) }
#else
ltl exactly_once_in_order { [] !misordered }
ltl nothing_acknowledged_is_lost { [] !lost }
ltl no_delivery_after_the_end { [] !late }
ltl no_resurrection { [] !resurrected }
ltl one_number_one_content { [] !renumbered }
#endif
