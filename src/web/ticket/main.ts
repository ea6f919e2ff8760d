import { showPage } from '../lib/page.ts';
import { TicketPage } from './ticket-page.ts';

// The page reads `/t/{ticket}/status`, which needs no key, so the service never asks for one.
showPage({ title: 'ticket.title', reads: '/ready', view: TicketPage });
