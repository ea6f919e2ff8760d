import { showPage } from '../lib/page.ts';
import { ReportsPage } from './reports-page.ts';

showPage({ title: 'reports.title', reads: '/reports/range', view: ReportsPage });
