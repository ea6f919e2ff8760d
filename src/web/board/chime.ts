import { Observable } from '../lib/observable.ts';

/** The two tones of a call: hertz, and seconds after its begin. */
const TONES = [
  { hertz: 880, at: 0 },
  { hertz: 660, at: 0.35 },
] as const;
const TONE_SECONDS = 0.6;
const VOLUME = 0.4;

/** Whether the browser lets the page make a sound. Browsers forbid it until the user has touched the page once. */
export const soundIsAllowed = new Observable(false);

let audio: AudioContext | undefined;

/** Asks the browser to allow sound. It does when the user has just touched the page, or when it is set up as a kiosk. */
export async function allowSound(): Promise<void> {
  audio ??= new AudioContext();
  const context = audio;
  context.onstatechange = () => soundIsAllowed.set(context.state === 'running');
  // The promise stays open as long as the browser forbids it.
  await context.resume();
  soundIsAllowed.set(context.state === 'running');
}

/** Sounds the two tones of a call. */
export function chime(): void {
  if (audio?.state !== 'running') return;
  for (const { hertz, at } of TONES) {
    const begin = audio.currentTime + at;
    const tone = new OscillatorNode(audio, { frequency: hertz });
    const gain = new GainNode(audio, { gain: 0 });
    gain.gain.setValueAtTime(VOLUME, begin);
    gain.gain.exponentialRampToValueAtTime(0.001, begin + TONE_SECONDS);
    tone.connect(gain).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + TONE_SECONDS);
  }
}
