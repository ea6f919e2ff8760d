import { showPage } from '../lib/page.ts';
import { Board } from './board.ts';

showPage({ title: 'board.title', reads: '/queue', view: Board });
