test('in a second file, so that a second worker runs it', async () => {
  expect((await fetch('http://prices/')).status).toBe(200);
});
