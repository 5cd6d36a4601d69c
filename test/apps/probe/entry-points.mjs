// Prints the entry points of Node's fs binding as one line of JSON: those that are Node's own, and those that
// somebody has replaced.

const binding = process.binding('fs');
const own = [];
const replaced = [];

const isNative = (call) => /\{ \[native code\] \}$/.test(Function.prototype.toString.call(call));

for (const [name, value] of Object.entries(binding)) {
  if (typeof value !== 'function') continue;
  // A replaced class is a Proxy, whose text is that of a native function without a name.
  const isClass = value.prototype !== undefined && name[0] === name[0].toUpperCase();
  const isReplaced = !isNative(value) || (isClass && value !== value.prototype.constructor);
  (isReplaced ? replaced : own).push(name);
  if (!isClass) continue;
  for (const [part, { value: call }] of Object.entries(Object.getOwnPropertyDescriptors(value.prototype))) {
    (typeof call === 'function' && !isNative(call) ? replaced : own).push(`${name}.${part}`);
  }
}
process.stdout.write(`${JSON.stringify({ own, replaced })}\n`);
