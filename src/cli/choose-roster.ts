import { demoRoster, type Roster } from '../service/index.ts';

/** A roster to apply at the start, and where it comes from, in words. */
export interface ChosenRoster {
  readonly roster: Roster;
  readonly source: string;
}

/** Chooses the roster of ROSTER, else the demo roster for an empty database, else none. */
export function chooseRoster(given: ChosenRoster | undefined, isEmpty: boolean): ChosenRoster {
  if (given !== undefined) return given;
  if (!isEmpty)
    return { roster: { doctors: [], slots: [] }, source: 'none: the database has its doctors' };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    roster: { doctors: demoRoster(timeZone), slots: [] },
    source: 'the demo roster is applied',
  };
}
