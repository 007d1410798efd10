/* The rollover of the certificate of one service, with first messages in flight, a cache of opened keys, and an attacker who replays.
 *
 * Shape    The service's side (`owner`: it has the private keys) begins kDialogs dialogs; the other side (`far`) has copies of the
 *          certificates. Certificate 1 is the old one, 2 the new one. Which certificate a dialog uses is decided when its first
 *          message is made, and kept. The administrator's steps: create 2 (not active for BEGIN DIALOG), copy it to the far side,
 *          activate it, drop 1 at the far side, drop 1 at the owner.
 * Network  What was sent stays, and arrives any number of times, at any time, or never (-DLIVE: it arrives).
 * Order    The administrator may take the steps in any order, unless -DLIVE: then in the right one, in which the old certificate is
 *          dropped when no first message under it is unacknowledged (BUG_DROPPED_TOO_EARLY: without waiting for that).
 * Source   broker/dialog/{decision,seal,open_first}.cc; reference service-broker.md 2.2, 2.7, 2.10.
 */
#define kDialogs 3
#define OLD 1
#define NEW 2

bool owned[3];  /* the owner has certificate and private key */
bool for_dialogs[3]; /* ACTIVE FOR BEGIN_DIALOG */
bool copied[3]; /* the far side has the certificate */
bool cached[3]; /* the far side holds an opened key exchange key under it: in memory only */
byte uses[kDialogs];     /* the certificate that was decided; 0: no first message yet */
bool in_flight[kDialogs]; /* a first message was sent */
bool accepted[kDialogs];
bool acknowledged[kDialogs];
byte crashes = 0;

bool without_certificate = false; /* accepted under a certificate that the far side has not */
bool old_for_new = false;         /* decided for the old one while the new one was active */

#define UNACKNOWLEDGED(d) (uses[d] == OLD && !acknowledged[d])

/* secure() and secure_first(): decided once. Of several the one that lasts longest, which is the new one. */
inline decide(d) {
  if
#ifdef BUG_OLDEST_CERTIFICATE
  :: owned[OLD] && for_dialogs[OLD] -> uses[d] = OLD
#endif
  :: owned[NEW] && for_dialogs[NEW] -> uses[d] = NEW
  :: else -> uses[d] = OLD
  fi;
  if
  :: uses[d] == OLD && owned[NEW] && for_dialogs[NEW] -> old_for_new = true
  :: else
  fi;
}

#define BEGIN(d)                                                                               \
  d_step {                                                                                     \
    uses[d] == 0 && ((owned[OLD] && for_dialogs[OLD]) || (owned[NEW] && for_dialogs[NEW])) -> decide(d)  \
  }
/* seal_first(): the certificate and its key are asked for each time. */
#define TRANSMIT(d)                                                       \
  d_step {                                                                \
    uses[d] != 0 && !acknowledged[d] && !in_flight[d] && owned[uses[d]] -> \
    in_flight[d] = true                                                   \
  }
/* open_first(): a hit in the cache skips the RSA work, and not the question whether the certificate is there. */
#ifdef BUG_CACHE_SKIPS_CHECK
#define MAY_OPEN(c) (copied[c] || cached[c])
#else
#define MAY_OPEN(c) copied[c]
#endif
#define ARRIVE(d)                                     \
  d_step {                                            \
    in_flight[d] && !accepted[d] && MAY_OPEN(uses[d]) -> \
    if                                                \
    :: !copied[uses[d]] -> without_certificate = true \
    :: else                                           \
    fi;                                               \
    accepted[d] = true;                               \
    cached[uses[d]] = true                            \
  }
/* The endpoints have session keys: certificates are not asked for any more. */
#define CONFIRM(d) d_step { accepted[d] && !acknowledged[d] -> acknowledged[d] = true }

proctype owner() {
  do
  :: BEGIN(0)
  :: BEGIN(1)
  :: BEGIN(2)
  :: TRANSMIT(0)
  :: TRANSMIT(1)
  :: TRANSMIT(2)
  :: CONFIRM(0)
  :: CONFIRM(1)
  :: CONFIRM(2)
  od
}

proctype far() {
  do
  :: ARRIVE(0)
  :: ARRIVE(1)
  :: ARRIVE(2)
  :: d_step { crashes < 2 -> crashes++; cached[OLD] = false; cached[NEW] = false }
  od
}

proctype administrator() {
#ifdef LIVE
  owned[NEW] = true;
  copied[NEW] = true;
  for_dialogs[NEW] = true;
#ifndef BUG_DROPPED_TOO_EARLY
  d_step { !UNACKNOWLEDGED(0) && !UNACKNOWLEDGED(1) && !UNACKNOWLEDGED(2) -> copied[OLD] = false }
#else
  copied[OLD] = false;
#endif
  d_step { owned[OLD] = false; for_dialogs[OLD] = false }
#else
  do
  :: d_step { !owned[NEW] -> owned[NEW] = true }
  :: d_step { owned[NEW] && !copied[NEW] -> copied[NEW] = true }
  :: d_step { owned[NEW] && !for_dialogs[NEW] -> for_dialogs[NEW] = true }
  :: d_step { copied[OLD] -> copied[OLD] = false }
  :: d_step { owned[OLD] -> owned[OLD] = false; for_dialogs[OLD] = false }
  od
#endif
}

init {
  d_step {
    owned[OLD] = true;
    for_dialogs[OLD] = true;
    copied[OLD] = true;
  }
  atomic {
    run owner();
    run far();
    run administrator()
  }
}

#ifdef LIVE
ltl rollover_strands_nothing { <> (acknowledged[0] && acknowledged[1] && acknowledged[2]) }
#else
ltl rollover_never_without_certificate { [] !without_certificate }
ltl rollover_new_dialogs_use_the_new { [] !old_for_new }
#endif
