// Vite's development server, with a proxy to a service that only the cluster knows.
import { readFileSync } from 'node:fs';

const seen = () => `${process.env.SHOP_REGION}, ${readFileSync('/config/greeting.txt', 'utf8')}`;

export default {
  server: {
    host: '0.0.0.0',
    port: Number(process.env.PORT),
    strictPort: true,
    allowedHosts: true,
    proxy: { '/prices': { target: 'http://prices', changeOrigin: true, rewrite: () => '/' } },
  },
  plugins: [{ name: 'seen', transformIndexHtml: () => [{ tag: 'p', children: seen() }] }],
};
