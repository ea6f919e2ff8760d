import type { SlotFacts } from '../../../src/engine/index.ts';
import { found } from '../engine/clinic.ts';
import { callingOrder, inConsultationWith, slotsOfDay } from '../model/model-desk.ts';
import type { Claim, Model, ModelRecord, ModelRefusal } from '../model/model.ts';
import { AT, type DoctorCommand, type DoctorRead } from './linear-request.ts';
import { words } from './linear-words.ts';

// The answers of the service to the requests, made from the state of the reference model.

/** How many slots with free seats the answer to a waiting patient names at most. */
const ALTERNATIVES_MAX = 3;

export function readAnswer(model: Model, request: DoctorRead): string {
  switch (request.kind) {
    case 'token': {
      const claim = model.anyClaim(String(request.token));
      return claim === undefined
        ? words.refused({ code: 'token_not_found' })
        : words.done(200, tokenOf(model, claim));
    }
    case 'slot':
      return words.done(200, slotOf(model, model.slotAt(request.slot)));
    case 'schedule':
      return words.schedule(Array.from(model.slots.values(), (slot) => slotOf(model, slot)));
    case 'queue':
      return queueOf(model);
  }
}

/** The service says more of a token that is over: a cancelled one has a code of its own, another one its status. */
export function refusalAnswer(
  model: Model,
  request: DoctorCommand,
  { code, tokenId, from, lastChange }: ModelRefusal,
): string {
  const over = 'token' in request ? model.anyClaim(String(request.token)) : undefined;
  if (code === 'token_not_found' && over !== undefined)
    return over.status === 'CANCELLED'
      ? words.refused({ code: 'token_already_cancelled' })
      : words.refused({ code: 'invalid_transition', from: over.status });
  const number = tokenId === undefined ? undefined : Number(tokenId);
  return words.refused({ code, number, from, lastChange });
}

/** The answer to a command that was accepted and made these changes. */
export function doneAnswer(
  before: Model,
  model: Model,
  request: DoctorCommand,
  changes: readonly ModelRecord[],
): string {
  const changed = (kind: string): Claim[] =>
    changes.flatMap((change) => (change.kind === kind ? claimsOf(model, change.tokenId) : []));
  const textsOf = (kind: string): string[] => changed(kind).map((claim) => tokenOf(model, claim));
  const bumpedBut = (own?: Claim): string[] =>
    changed('bumped').flatMap((claim) => (claim === own ? [] : [bumpedOf(model, claim)]));
  if (request.kind === 'reopenSlot')
    return words.done(200, slotOf(model, model.slotAt(request.slot)));
  if (request.kind === 'closeSlot') {
    const slot = model.slotAt(request.slot);
    const lists = { affected: affectedOf(before, model, slot), bumped: bumpedBut() };
    return words.done(200, slotOf(model, slot), lists);
  }
  const [own] =
    'token' in request
      ? claimsOf(model, String(request.token))
      : [...changed('booked'), ...changed('started')];
  const claim = found(own);
  const shown = tokenOf(model, claim);
  const [bumped, promoted] = [bumpedBut(claim), textsOf('promoted')];
  const free = claim.status === 'WAITING' ? freeSlots(model) : undefined;
  switch (request.kind) {
    case 'book':
      return words.done(201, shown, { bumped, free });
    case 'cancel':
      return words.done(200, words.cancelled(claim.number), { promoted });
    case 'noShow':
      return words.done(200, shown, { promoted });
    case 'checkIn':
    case 'start':
    case 'complete':
      return words.done(200, shown);
    case 'move':
    case 'skip':
      return words.done(200, shown, { bumped, promoted, free });
    case 'undo': {
      const undone = [found(before.anyClaim(claim.id)).last.kind];
      return words.done(200, shown, { undone, bumped, promoted, free });
    }
    case 'callNext': {
      const [completed, skipped] = [textsOf('completed'), textsOf('skipped')];
      return words.done(200, shown, { completed, skipped, promoted });
    }
  }
}

/** The claim with this id, as a list; empty when there is none. */
function claimsOf(model: Model, id: string | undefined): Claim[] {
  const claim = id === undefined ? undefined : model.anyClaim(id);
  return claim === undefined ? [] : [claim];
}

const tokenOf = (model: Model, claim: Claim): string =>
  words.token({ ...claim, position: positionOf(model, claim), room: roomOf(claim) });

const queuedOf = (model: Model, claim: Claim): string =>
  words.queued({ ...claim, position: positionOf(model, claim), room: roomOf(claim) });

const bumpedOf = (model: Model, claim: Claim): string =>
  words.bumped({ ...claim, position: positionOf(model, claim) });

const roomOf = ({ status, room }: Claim): string | null =>
  status === 'IN_CONSULTATION' ? room : null;

function positionOf(model: Model, claim: Claim): number | null {
  if (claim.status !== 'WAITING') return null;
  return 1 + model.waiting(model.slotOf(claim)).indexOf(claim);
}

function slotOf(model: Model, slot: SlotFacts): string {
  const [seated, waiting] = [model.seated(slot), model.waiting(slot)];
  return words.slot({
    id: slot.id,
    status: slot.closedReason === null ? 'OPEN' : 'CLOSED',
    capacity: slot.capacity,
    left: slot.capacity - seated.length,
    seated: seated.map((claim) => tokenOf(model, claim)),
    waiting: waiting.map((claim) => tokenOf(model, claim)),
  });
}

/** Who is with the doctor, who is called in which order (R18), who was skipped, and who waits. */
function queueOf(model: Model): string {
  const { id } = model.doctorAt(0);
  const slots = slotsOfDay(model, id, AT);
  const claims = slots.flatMap((slot) => model.claimsIn(slot));
  const lists = [
    inConsultationWith(model, id, AT),
    callingOrder(model, slots),
    claims.filter(({ status }) => status === 'SKIPPED'),
    claims.filter(({ status }) => status === 'WAITING'),
  ];
  return words.queue(lists.map((list) => list.map((claim) => queuedOf(model, claim))));
}

/** What the closing of a slot did to each of its tokens, except those that were completed. */
const affectedOf = (before: Model, model: Model, slot: SlotFacts): string[] =>
  before
    .claimsIn(slot)
    .filter(({ status }) => status !== 'COMPLETED')
    .flatMap(({ id }) => claimsOf(model, id))
    .map((claim) => `${outcomeOf(claim, slot)} ${tokenOf(model, claim)}`);

function outcomeOf({ status, slot }: Claim, { id }: SlotFacts): string {
  if (slot !== id) return 'moved';
  return status === 'IN_CONSULTATION' ? 'stays' : 'cancelled_by_hospital';
}

const freeSlots = (model: Model): string[] =>
  [...model.slots.values()]
    .filter((slot) => model.isOpen(slot) && model.hasFreeSeat(slot))
    .slice(0, ALTERNATIVES_MAX)
    .map((slot) => words.free({ id: slot.id, left: slot.capacity - model.seated(slot).length }));
