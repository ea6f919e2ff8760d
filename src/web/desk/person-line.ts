import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, type Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { whenOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { timeZoneOf, type DoctorQueue } from './day.ts';
import type { News, Person } from './people.ts';

/** The tokens of the people that were shown: their names and hospital ids hardly change. */
const patients = new Map<string, Promise<Schemas['Token']>>();

function patientOf(tokenId: string): Promise<Schemas['Token']> {
  const known = patients.get(tokenId) ?? call('get', '/tokens/{id}', { path: { id: tokenId } });
  patients.set(tokenId, known);
  known.catch(() => patients.delete(tokenId));
  return known;
}

/** The token of a patient; null until it is read. */
function usePatient(tokenId: string): Schemas['Token'] | null {
  const [patient, setPatient] = useState<Schemas['Token'] | null>(null);
  useEffect(() => {
    let isShown = true;
    // Without an answer the number alone is shown.
    void patientOf(tokenId).then(
      (read) => isShown && setPatient(read),
      () => undefined,
    );
    return () => void (isShown = false);
  }, [tokenId]);
  return patient;
}

/** The name and the hospital id of a patient; empty until they are read. */
export function PatientName({ tokenId }: { readonly tokenId: string }): VNode {
  const patient = usePatient(tokenId);
  return html`<span class="who">
    ${patient?.patient_name ?? '…'}
    ${patient?.patient_id === undefined ? null : html`<small>${patient.patient_id}</small>`}
  </span>`;
}

export interface DoctorsProps {
  readonly doctors: readonly DoctorQueue[];
}

/** A patient, the news, and how the news reaches the patient. */
export function PersonLine({
  doctors,
  tokenId,
  number,
  news,
  isHere,
}: Person & DoctorsProps): VNode {
  const timeZone = timeZoneOf(doctors, usePatient(tokenId)?.doctor_id);
  return html`<span class="person"
    ><b class="number">${number}</b> <${PatientName} tokenId=${tokenId} />
    <span>${newsInWords(news, timeZone)}</span>
    <span class="tag ${isHere ? '' : 'phone'}"
      >${say(isHere ? 'desk.isHere' : 'desk.phone')}</span
    ></span
  >`;
}

function newsInWords(news: News, timeZone: string): string {
  switch (news.kind) {
    case 'bumped':
      return say('desk.news.bumped', { position: news.position ?? '?' });
    case 'promoted':
      return say('desk.news.promoted', { time: whenOf(news.time, timeZone) });
    case 'moved':
      return say(news.hasSeat ? 'desk.news.moved' : 'desk.news.movedWaiting', {
        time: whenOf(news.time, timeZone),
      });
    case 'cancelled':
      return say('desk.news.cancelled');
    case 'late':
      return say('desk.news.late', { minutes: news.minutes });
    case 'reopened':
      return say('desk.news.reopened');
  }
}
