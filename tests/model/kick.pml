/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kick (docs/architecture.md; vm/requests.c, vmx/exit_seldom.c, cpu/exceptions.c, cpu/sleep.S): a core posts
 * a request to another one and sends it an NMI. Whatever the other one is doing, it takes the request, and
 * takes it once; a guest's NMI reaches the guest, once for each that was sent.
 *
 * test_model.py checks this model, and that each mutation of it, a line of the protocol left out or two
 * exchanged, is found to be wrong.
 */
#ifndef KICKS
#define KICKS 2
#endif

bool request;  /* vcpu.requests, one bit of it; posted and taken by atomic instructions */
bool nmi;      /* an NMI is pending at the target; a second one is not remembered (SDM 3.6.7) */
bool blocked;  /* by an NMI, until IRET */
bool armed;    /* the preemption timer is on and 0 */
bool current;  /* there is a VMCS with controls */
bool in_guest_handler; /* the guest's virtual NMIs are blocked */
bool window;   /* NMI-window exiting */
bool awake;    /* the sleeping core's return address was moved behind its HLT */

byte posted, taken, delivered;
bool done;

/* An NMI that is taken in root mode, between any two instructions (exceptions.c). */
inline nmi_in_root(in_sleep_window)
{
	if
	:: nmi && !blocked ->
		atomic {
			nmi = false;
#ifndef MUTATE_NO_ARM
			if
			:: current -> armed = true
			:: else
			fi;
#endif
#ifndef MUTATE_NO_SLEEP_WINDOW
			if
			:: in_sleep_window -> awake = true
			:: else
			fi
#endif
		}
	:: true /* it comes later, or never */
	fi
}

inline deliver_to_guest()
{
	if
	:: !in_guest_handler -> in_guest_handler = true; delivered++; window = false
	:: else -> window = true
	fi
}

/* vcpu_take_requests(): one atomic exchange. */
inline take_requests()
{
	atomic {
		if
		:: request ->
			request = false;
			taken++;
			assert(taken <= posted);
			deliver_to_guest()
		:: else
		fi
	}
}

/* vcpu_wait_for_sipi() and vcpu_rest(): until a request is there. */
inline sleep_in_root()
{
	do
	:: request -> break
	:: else ->
		nmi_in_root(false);
		/* cpu_sleep_unless(): the test ... */
		awake = false;
		if
		:: request -> break
		:: else
		fi;
		nmi_in_root(true);
		/* ... and HLT, which an NMI ends */
		if
		:: awake
		:: else ->
			if
			:: nmi && !blocked -> nmi_in_root(true)
			:: done -> goto finished /* nobody will ever wake it: all is done */
			fi
		fi
	od;
	nmi_in_root(false);
	take_requests()
}

active proctype target()
{
	bool pins;
	bool exited; /* not for ever: the guest computes in between */

	/* vcpu_run(): a VMCS is made; kicks leave no trace but their request until it is current */
	nmi_in_root(false);
	current = true;
	nmi_in_root(false);
	armed = false; /* controls are written */
	nmi_in_root(false);
#ifndef MUTATE_NO_LOOK_BEFORE_LAUNCH
	if
	:: request -> armed = true
	:: else
	fi;
#endif
	nmi_in_root(false);
entry:
	do
	:: armed -> goto timer_exit /* before the first instruction */
	:: !armed && nmi && !blocked -> goto nmi_exit /* the guest runs, or is halted */
	:: !armed && !(nmi && !blocked) && window && !in_guest_handler -> goto window_exit
	:: !armed && !(nmi && !blocked) && !(window && !in_guest_handler) ->
		if
		:: !exited -> exited = true; goto other_exit
		/* it comes forward: its NMI handler ends, too */
		:: exited || in_guest_handler -> exited = false; in_guest_handler = false
		:: done -> goto finished
		fi
	od;

nmi_exit:
	nmi = false;
	blocked = true;
#ifndef MUTATE_NO_UNBLOCK
	blocked = false; /* cpu_unblock_nmi() */
#endif
	nmi_in_root(false);
	take_requests();
	nmi_in_root(false);
	goto entry;

timer_exit:
	nmi_in_root(false);
#ifdef MUTATE_TAKE_FIRST
	take_requests();
	nmi_in_root(false);
#endif
	pins = armed; /* a read-modify-write, into which an NMI may come */
	nmi_in_root(false);
	armed = false;
	nmi_in_root(false);
#ifndef MUTATE_TAKE_FIRST
	take_requests();
#endif
	nmi_in_root(false);
	goto entry;

window_exit:
	nmi_in_root(false);
	atomic { deliver_to_guest() }
	nmi_in_root(false);
	goto entry;

other_exit: /* handlers that do not look for requests; one of them puts the core to sleep (INIT) */
	nmi_in_root(false);
	if
	:: true
	/* INIT forgets the guest's own NMIs, so they would not count. A guard is needed in any case: else the else
	   with which sleep_in_root() begins belongs to this selection */
	:: !window && !in_guest_handler -> sleep_in_root()
	:: done -> goto finished
	fi;
	nmi_in_root(false);
	goto entry;

finished:
	skip
}

active proctype sender()
{
	do
	:: posted < KICKS ->
#ifdef MUTATE_SEND_FIRST
		nmi = true;
		atomic { posted++; request = true }
#else
		atomic { posted++; request = true }
		nmi = true;
#endif
		/* the next one comes when the guest has got this one: two that meet are one */
		(delivered == posted)
	:: else -> break
	od;
	done = true
}

ltl every_kick_arrives { <> done }
ltl nothing_twice { [] (taken <= posted && delivered <= posted) }
