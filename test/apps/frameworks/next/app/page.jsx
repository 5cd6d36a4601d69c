// A page that its server renders anew for each request.
import { readFile } from 'node:fs/promises';

export const dynamic = 'force-dynamic';

export default async function Page() {
  const prices = await fetch('http://prices/', { cache: 'no-store' });
  const seen = {
    from: 'this machine',
    region: process.env.SHOP_REGION,
    greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
    prices: (await prices.json()).from,
  };
  return <pre>{JSON.stringify(seen)}</pre>;
}
