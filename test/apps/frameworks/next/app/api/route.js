// Next.js, as a route of its app router.
import { readFile } from 'node:fs/promises';

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const prices = await fetch('http://prices/', { cache: 'no-store' });
  return Response.json({
    from: 'this machine',
    region: process.env.SHOP_REGION,
    greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
    prices: (await prices.json()).from,
    client: request.headers.get('x-forwarded-for')?.replace('::ffff:', ''),
  });
}
