//! Handles as tickets: a handle is not an address but an index and a generation in a pointer's bits. A
//! closed, stale or forged handle finds no slot, or a slot of another generation, and is answered with a
//! status; nothing is ever dereferenced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connector::{Access, Connector, Session};

/// What a handle stands for.
#[derive(Clone)]
pub(super) enum Object {
    Connector(Connector),
    Session(Session),
    Access(Arc<Access>),
}

struct Slot {
    generation: usize,
    object: Option<Object>,
}

/// The only global state of the crate.
static TABLE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

const HALF: u32 = usize::BITS / 2;
const LOW: usize = (1 << HALF) - 1;

fn table() -> MutexGuard<'static, Vec<Slot>> {
    // Slots are replaced whole: a panic cannot leave one half written.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ticket(index: usize, generation: usize) -> usize {
    // index + 1, so that no ticket is NULL.
    (generation & LOW) << HALF | (index + 1)
}

/// Issues a ticket; `None` when the table is full.
pub(super) fn issue(object: Object) -> Option<usize> {
    let mut slots = table();
    let free = slots.iter().position(|slot| slot.object.is_none());
    let index = match free {
        Some(index) => {
            slots[index].object = Some(object);
            index
        }
        None if slots.len() < LOW => {
            slots.push(Slot {
                generation: 1,
                object: Some(object),
            });
            slots.len() - 1
        }
        None => return None,
    };
    Some(ticket(index, slots[index].generation))
}

fn slot(slots: &mut [Slot], ticket_bits: usize) -> Option<&mut Slot> {
    let index = (ticket_bits & LOW).checked_sub(1)?;
    let slot = slots.get_mut(index)?;
    (ticket_bits == ticket(index, slot.generation) && slot.object.is_some()).then_some(slot)
}

/// What a ticket stands for, if it is current.
pub(super) fn find(ticket_bits: usize) -> Option<Object> {
    slot(&mut table(), ticket_bits)?.object.clone()
}

/// Takes a ticket back: it is stale from now on.
pub(super) fn take(ticket_bits: usize) -> Option<Object> {
    let mut slots = table();
    let slot = slot(&mut slots, ticket_bits)?;
    slot.generation = slot.generation.wrapping_add(1) & LOW;
    slot.object.take()
}

/// How many handles are open.
pub(super) fn open() -> usize {
    table().iter().filter(|slot| slot.object.is_some()).count()
}
