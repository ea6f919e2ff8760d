import { showPage } from '../lib/page.ts';
import { Start } from './start.ts';

showPage({ title: 'start.title', reads: '/ready', view: Start });
