//! The state table, model-checked: every interleaving of two dispatchers, a crash, an opposition and a person, over
//! three items of which the second follows the first, before a DMP that may lose any message, its own answers too.
//!
//! The moves are those of the library ([`dmpkit::rules::outbox::Item`]); what is modelled here is the world around
//! them: messages that arrive late or never, holds that run out, and a DMP that refuses an identifier it has.

use std::collections::{HashMap, HashSet, VecDeque};

use dmpkit::rules::outbox::{Event, Item, State};

const ITEMS: usize = 3;
/// The second goes after the first.
const AFTER: [Option<usize>; ITEMS] = [None, Some(0), None];

/// What a dispatcher is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Hand {
    Idle,
    /// Holds an item, to ask (true) or to send; the message has not left.
    Holds(usize, bool),
    /// The message left; its fate is the network's.
    Awaits(usize, bool),
    /// The DMP's answer is known and not written yet.
    Knows(usize, Event),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    items: [Item; ITEMS],
    /// Who holds each item in the register: a dispatcher's number.
    holder: [Option<u8>; ITEMS],
    /// How often each document is in the DMP.
    deposits: [u8; ITEMS],
    /// A deposit of this item is still on its way though its sender does not wait for it any more.
    late: [bool; ITEMS],
    /// Whether an earlier take of the item happened (its attempts are more than one).
    tried: [bool; ITEMS],
    hands: [Hand; 2],
    alive: [bool; 2],
    crashes: u8,
    opposed: bool,
    losses: u8,
    resends: u8,
    expiries: u8,
}

impl World {
    fn new(crashes: u8, losses: u8, resends: u8, expiries: u8) -> World {
        World {
            items: [Item::NEW; ITEMS],
            holder: [None; ITEMS],
            deposits: [0; ITEMS],
            late: [false; ITEMS],
            tried: [false; ITEMS],
            hands: [Hand::Idle; 2],
            alive: [true; 2],
            crashes,
            opposed: false,
            losses,
            resends,
            expiries,
        }
    }

    fn moved(mut self, item: usize, event: Event) -> World {
        let next = self.items[item].apply(event);
        self.items[item] = next.unwrap_or_else(|| panic!("{event:?} on {:?}", self.items[item]));
        self
    }

    fn ready(&self, item: usize) -> bool {
        self.items[item].state.is_ready()
            && AFTER[item].is_none_or(|before| self.items[before].state.is_over())
    }

    /// A message of a deposit arrives: accepted the first time, a duplicate from then on.
    fn arrives(mut self, item: usize) -> (World, Event) {
        if self.deposits[item] == 0 {
            self.deposits[item] = 1;
            (self, Event::Accepted)
        } else {
            (self, Event::Duplicate)
        }
    }

    /// Every world that one step leads to.
    fn steps(self) -> Vec<World> {
        let mut next = Vec::new();
        for d in 0..2 {
            if !self.alive[d] {
                // Started again.
                let mut w = self;
                w.alive[d] = true;
                w.hands[d] = Hand::Idle;
                next.push(w);
                continue;
            }
            match self.hands[d] {
                Hand::Idle => {
                    for item in (0..ITEMS).filter(|i| self.ready(*i)) {
                        // The rules are asked in the transaction that takes it.
                        if self.opposed && self.items[item].state == State::Waiting {
                            next.push(self.moved(item, Event::Withdrawn));
                            continue;
                        }
                        let mut w = self;
                        if self.opposed {
                            w.items[item].withdrawn = true;
                        }
                        let mut w = w.moved(item, Event::Taken);
                        w.holder[item] = Some(d as u8);
                        w.hands[d] = Hand::Holds(item, w.items[item].state == State::Asking);
                        next.push(w);
                    }
                }
                Hand::Holds(item, asks) => {
                    // The line is cut before anything leaves.
                    let mut w = self;
                    w.hands[d] = Hand::Knows(item, Event::Delayed);
                    if self.losses > 0 {
                        w.losses -= 1;
                        next.push(w);
                    }
                    let mut w = self;
                    w.hands[d] = Hand::Awaits(item, asks);
                    next.push(w);
                }
                Hand::Awaits(item, asks) => {
                    if asks {
                        let there = self.deposits[item] > 0;
                        let event = if there { Event::Found } else { Event::Absent };
                        let mut w = self;
                        w.hands[d] = Hand::Knows(item, event);
                        next.push(w);
                    } else {
                        let (mut w, event) = self.arrives(item);
                        w.hands[d] = Hand::Knows(item, event);
                        next.push(w);
                    }
                    if self.losses > 0 {
                        // The message or its answer is lost, or the message arrives when nobody waits any more.
                        let lost = if asks { Event::Delayed } else { Event::Doubted };
                        for (arrived, late) in [(false, false), (true, false), (false, true)] {
                            let mut w = self;
                            w.losses -= 1;
                            if !asks {
                                if arrived {
                                    w = w.arrives(item).0;
                                }
                                w.late[item] |= late;
                            }
                            w.hands[d] = Hand::Knows(item, lost);
                            next.push(w);
                        }
                    }
                }
                Hand::Knows(item, event) => next.push(self.written(d, item, event)),
            }
            if self.crashes > 0 && self.hands[d] != Hand::Idle {
                let mut w = self;
                w.crashes -= 1;
                w.alive[d] = false;
                // What had left goes on alone.
                if let Hand::Awaits(item, false) = w.hands[d] {
                    w.late[item] = true;
                }
                w.hands[d] = Hand::Idle;
                next.push(w);
            }
        }
        for item in 0..ITEMS {
            // A hold runs out: its holder is gone, or slower than a hold lasts.
            if let Some(by) = self.holder[item] {
                let gone = !self.alive[by as usize]
                    || !matches!(self.hands[by as usize],
                        Hand::Holds(i, _) | Hand::Awaits(i, _) | Hand::Knows(i, _) if i == item);
                if gone || self.expiries > 0 {
                    let mut w = self.moved(item, Event::Abandoned);
                    w.holder[item] = None;
                    w.expiries -= u8::from(!gone);
                    next.push(w);
                }
            }
            // A late message arrives at last, or never.
            if self.late[item] {
                let mut w = self;
                w.late[item] = false;
                next.push(w);
                next.push(w.arrives(item).0);
            }
            // A person.
            if self.items[item].state.waits_for_a_person()
                || (self.items[item].state == State::Cancelled && self.resends > 0)
            {
                let mut w = self.moved(item, Event::Resent);
                if self.resends > 0 {
                    w.resends -= 1;
                    next.push(w);
                }
                if self.items[item].state.waits_for_a_person() {
                    next.push(self.moved(item, Event::GivenUp));
                }
            }
        }
        if !self.opposed {
            let mut w = self;
            w.opposed = true;
            for item in 0..ITEMS {
                if let Some(after) = w.items[item].withdraw() {
                    w.items[item] = after;
                }
            }
            next.push(w);
        }
        next
    }

    /// The outcome is written, if the item is still in this dispatcher's hands.
    fn written(self, d: usize, item: usize, event: Event) -> World {
        let mut w = self;
        w.hands[d] = Hand::Idle;
        if w.holder[item] != Some(d as u8) {
            return w;
        }
        w.holder[item] = None;
        let event = match event {
            Event::Found => w.items[item].found(false),
            Event::Duplicate if w.tried[item] => Event::Doubted,
            other => other,
        };
        w.tried[item] = true;
        w.moved(item, event)
    }

    fn settled(&self) -> bool {
        self.items.iter().all(|i| i.state.is_over())
            && self.late == [false; ITEMS]
            && self.hands == [Hand::Idle; 2]
    }
}

/// Every world that can be reached, each with the worlds one step on.
fn explore(start: World) -> HashMap<World, Vec<World>> {
    let mut graph: HashMap<World, Vec<World>> = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(world) = open.pop_front() {
        if graph.contains_key(&world) {
            continue;
        }
        let steps = world.steps();
        open.extend(steps.iter().filter(|w| !graph.contains_key(w)));
        graph.insert(world, steps);
    }
    graph
}

fn check(start: World) -> usize {
    let graph = explore(start);
    let mut ends = HashSet::new();
    for world in graph.keys() {
        for (item, after) in AFTER.iter().enumerate() {
            assert!(world.deposits[item] <= 1, "deposited twice: {world:?}");
            if world.items[item].state == State::Done {
                assert_eq!(world.deposits[item], 1, "done and not there: {world:?}");
            }
            // In the order of those that depend on each other, but when the first was given up.
            if let Some(before) = *after
                && world.deposits[item] == 1
            {
                assert!(
                    world.deposits[before] == 1 || world.items[before].state != State::Waiting,
                    "out of order: {world:?}"
                );
            }
        }
        if world.settled() {
            ends.insert(*world);
        }
    }
    // From wherever the world is, an end can be reached: nothing is stuck.
    let mut back: HashMap<&World, Vec<&World>> = HashMap::new();
    for (from, steps) in &graph {
        for to in steps {
            back.entry(to).or_default().push(from);
        }
    }
    let mut reached: HashSet<&World> = ends.iter().collect();
    let mut open: Vec<&World> = ends.iter().collect();
    while let Some(world) = open.pop() {
        for from in back.get(world).into_iter().flatten() {
            if reached.insert(from) {
                open.push(from);
            }
        }
    }
    for world in graph.keys() {
        assert!(reached.contains(world), "stuck: {world:?}");
    }
    graph.len()
}

#[test]
fn two_dispatchers_a_crash_and_an_opposition_over_three_items() {
    let worlds = check(World::new(1, 0, 0, 0));
    assert!(worlds > 3_000, "only {worlds} worlds");
}

#[test]
fn with_a_message_lost_a_person_who_sends_again_and_a_dispatcher_slower_than_its_hold() {
    for world in [
        World::new(0, 1, 1, 0),
        World::new(1, 1, 0, 0),
        World::new(0, 0, 0, 1),
    ] {
        let worlds = check(world);
        assert!(worlds > 3_000, "only {worlds} worlds");
    }
}

#[test]
#[ignore = "minutes and gigabytes: run by the full check"]
fn with_all_of_it_at_once() {
    let worlds = check(World::new(1, 1, 1, 1));
    println!("{worlds} worlds");
}
