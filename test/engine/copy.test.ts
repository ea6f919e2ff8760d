import fc from 'fast-check';
import { expect, it } from 'vitest';
import { estimatedTimeOf, type AllocationEngine, type Doctor } from '../../src/engine/index.ts';
import { momentOf, NOW } from '../support/engine/clinic.ts';
import { doctorSnapshot, slotSnapshot } from '../support/engine/snapshot.ts';
import { histories, opened, perform } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';

/** Everything that can be read of a doctor. */
const readingOf = (engine: AllocationEngine) => (doctor: Doctor) => ({
  doctor: doctorSnapshot(doctor),
  counters: doctor.snapshot(),
  inConsultation: Array.from(doctor.inConsultation, ({ id }) => id).sort(),
  days: doctor.slots.map(({ day }) => day.slots.map(({ facts }) => facts.id)),
  slots: doctor.slots.map((slot) => ({
    ...slotSnapshot(slot),
    next: [slot.nextWaiting()?.id, slot.weakestBumpable()?.id, slot.checkedInEmergencies],
    areOwn: [...slot.tokens(), ...slot.over()].every((token) => token.slot === slot),
    places: slot.tokens().map((token) => ({
      id: token.id,
      position: slot.waitlistPositionOf(token),
      time: estimatedTimeOf(token, momentOf(engine, NOW)),
      isOwn: token.slot === slot && slot.doctor === doctor,
    })),
  })),
});

it(`a copy of a doctor reads as the doctor does, and stays as it is when the doctor changes ${rerun}`, () => {
  const property = fc.property(histories, fc.nat(60), (history, point) => {
    const { engine } = opened();
    for (const action of history.slice(0, point)) perform(engine, action);
    const doctors = [...engine.doctors];
    const before = doctors.map(readingOf(engine));
    const copies = doctors.map((doctor) => doctor.copy());
    expect(copies.map(readingOf(engine))).toEqual(before);
    for (const action of history.slice(point)) perform(engine, action);
    expect(copies.map(readingOf(engine))).toEqual(before);
  });
  fc.assert(property, { seed, numRuns: 100 });
});
