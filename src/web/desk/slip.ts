import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { Observable, useObservable } from '../lib/observable.ts';
import { dateOf, timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { timeZoneOf } from './day.ts';

type Token = Schemas['Token'];

/** The token whose slip is printed; null while the day is printed, if anything. */
const slip = new Observable<Token | null>(null);

/** Prints the slip of a token, for the patient. */
export const printSlip = (token: Token): void => slip.set(token);

addEventListener('afterprint', () => slip.set(null));

/** The slip that is printed. Screens do not show it. */
export function Slip({ doctors }: { readonly doctors: readonly Schemas['DoctorQueue'][] }) {
  const token = useObservable(slip);
  useEffect(() => {
    document.documentElement.classList.toggle('prints-slip', token !== null);
  }, [token]);
  const url = token === null ? undefined : (token as { readonly status_url?: string }).status_url;
  if (token === null) return null;
  const doctor = doctors.find(({ doctor_id }) => doctor_id === token.doctor_id);
  const timeZone = timeZoneOf(doctors, token.doctor_id);
  return html`<section class="slip" key=${token.id}>
    <p>${doctor?.name ?? ''}</p>
    <p>${dateOf(token.start_time, timeZone)}</p>
    <p class="slip-number"><span>${say('desk.number')}</span> <b>${token.number}</b></p>
    <p>${timeOf(token.start_time, timeZone)}–${timeOf(token.end_time, timeZone)}</p>
    ${
      token.estimated_time === null
        ? html`<p>${sayCode('status', token.status)}</p>`
        : html`<p>${say('desk.estimated', { time: timeOf(token.estimated_time, timeZone) })}</p>`
    }
    <p>${sayCode('class', token.type) ?? token.type}</p>
    <${QrCode} url=${url} />
  </section>`;
}

/** The QR code of a URL, as an image; then the slip is printed. Without a URL it is printed at once. */
function QrCode({ url }: { readonly url: string | undefined }): VNode | null {
  const [image, setImage] = useState<string | null>(null);
  useEffect(() => {
    if (url === undefined) {
      print();
      return;
    }
    // The package is loaded when the first slip needs it.
    void import('qrcode-generator').then(({ default: qrCodeOf }) => {
      const code = qrCodeOf(0, 'M');
      code.addData(url);
      code.make();
      setImage(code.createDataURL(6, 12));
    });
  }, [url]);
  return image === null
    ? null
    : html`<img src=${image} alt=${url} onLoad=${() => print()} />
        <p>${say('desk.scan')}</p>`;
}
