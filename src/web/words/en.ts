/** The words of the pages. `{name}` is replaced by a value. A language without a word shows this one. */
export const en = {
  'app.name': 'OPD tokens',

  'class.EMERGENCY': 'Emergency',
  'class.PAID_PRIORITY': 'Priority',
  'class.FOLLOW_UP': 'Follow-up',
  'class.ONLINE_BOOKING': 'Online',
  'class.WALK_IN': 'Walk-in',

  'status.BOOKED': 'Booked',
  'status.CHECKED_IN': 'Here',
  'status.SKIPPED': 'Called, not there',
  'status.IN_CONSULTATION': 'With the doctor',
  'status.COMPLETED': 'Seen',
  'status.WAITING': 'On the waitlist',
  'status.CANCELLED': 'Cancelled',
  'status.NO_SHOW': 'Did not come',
  'status.EXPIRED': 'Expired',

  'problem.unreachable': 'The service is not reached. The page tries again by itself.',
  'problem.forbidden': 'Your access key may not see this.',

  'signIn.title': 'Sign in',
  'signIn.help':
    'This hospital uses access keys. Ask your administrator for the key of this screen or desk.',
  'signIn.key': 'Access key',
  'signIn.button': 'Sign in',
  'signIn.why': 'What the service says',
  'signIn.refused': 'The key of this browser is no longer accepted. Enter the new one.',
  'signIn.malformed':
    'This is not an access key. A key has only letters, digits and signs, without spaces.',
  'signIn.unknown':
    'The service does not accept this key. Check it for typing errors, or ask for a new one.',
  'signIn.forbidden':
    'This key may not open this page. The page needs a key with one of these roles: {roles}.',
  'signIn.tooMany': 'Too many wrong keys. Wait a minute, then try again.',
  'signIn.out': 'Sign out',

  'start.title': 'OPD tokens',
  'start.ready': 'The service is ready.',
  'start.notReady': 'The service is not ready: {reason}',
  'start.away': 'The service is not reached since {time}.',
  'start.checking': 'Asking the service …',
  'start.notDurable': 'It keeps everything in memory only: a restart loses all bookings.',
  'start.board': 'Waiting room',
  'start.boardHelp': 'The screen on the wall: who is called, and who is next.',
  'start.docs': 'Interface',
  'start.docsHelp': 'For programs: every request with its answers, to read and to try.',

  'board.title': 'Waiting room',
  'board.now': 'Now with the doctor',
  'board.next': 'Next',
  'board.room': 'Room {room}',
  'board.waiting': 'Waiting here: {count}',
  'board.waitlist': 'On the waitlist: {count}',
  'board.missed': 'Called and not there, please go to the desk:',
  'board.away': 'Not checked in yet, please go to the desk:',
  'board.break': 'Break until {time}',
  'board.late': 'Late by {minutes} minutes',
  'board.closed': 'Closed, please ask at the desk',
  'board.over': 'Finished for today',
  'board.absent': 'Not here today',
  'board.noDoctors': 'No doctor to show',
  'board.page': 'Page {page} of {pages}',
  'board.offline': 'No connection since {time}. The numbers may be old. Please ask at the desk.',
  'board.allowSound': 'Turn the sound on',
} as const;

export type WordKey = keyof typeof en;
