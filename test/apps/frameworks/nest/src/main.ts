// NestJS, compiled and restarted by `nest start --watch`.
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { Controller, Get, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Controller()
class ShopController {
  @Get()
  async look(@Req() request: { socket: { remoteAddress?: string } }) {
    const prices = await fetch('http://prices/');
    return {
      from: 'this machine',
      region: process.env.SHOP_REGION,
      greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
      prices: ((await prices.json()) as { from: string }).from,
      client: request.socket.remoteAddress,
    };
  }
}

@Module({ controllers: [ShopController] })
class ShopModule {}

async function start() {
  const app = await NestFactory.create(ShopModule);
  await app.listen(Number(process.env.PORT));
}

void start();
