import type { DoctorId } from '../engine/index.ts';
import type { StoredDelivery } from '../store/index.ts';
import type { Message } from './messages.ts';
import type { SentAnswer } from './sender.ts';

/** What a try means for the delivery. */
export type Outcome = Pick<StoredDelivery, 'status' | 'tries' | 'at' | 'nextAt'>;

/** Whether an answer says that the message has arrived: a redirect does not, because none is followed. */
export const isDelivered = ({ status }: SentAnswer): boolean =>
  status !== null && status >= 200 && status < 300;

/** The row of a delivery after a try. */
export const deliveryAfter = (
  webhookId: string,
  message: Pick<Message, 'id' | 'type'> & { readonly doctorId: DoctorId | null },
  answer: SentAnswer,
  outcome: Outcome,
): StoredDelivery => ({
  ...{ webhookId, eventId: message.id, type: message.type, doctorId: message.doctorId },
  ...outcome,
  ...{ httpStatus: answer.status, answer: answer.text, error: answer.error },
});
