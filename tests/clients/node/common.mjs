// What every client must see: the same vectors, a long text answered, an unknown model refused.
import { readFileSync } from 'node:fs'

export const URL = process.env.EMBEDINGEST_URL
export const MODEL = 'all-minilm'
export const TEXT = 'why is the sky blue?'
const EXPECTED = process.env.EMBEDINGEST_EXPECTED.split(',').map(Number)
const near = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0)

function claim(holds, what) {
  if (!holds) throw new Error(what)
}

export async function check(name, single, batch, unknown) {
  const one = await single(TEXT)
  claim(one.length === 384 && near(one, EXPECTED) > 0.9999, `vector starts ${one.slice(0, 4)}`)
  const many = await batch(['why is the grass green?', TEXT, 'third'])
  claim(many.length === 3 && near(many[1], one) > 0.9999 && near(many[0], one) < 0.9, 'the batch differs')
  const long = await single('a long text about the sky and the grass. '.repeat(3000))
  claim(Math.abs(near(long, long) - 1) < 1e-4, 'the long text has no unit vector')
  let refused = ''
  try {
    await unknown()
  } catch (error) {
    refused = String(error.message)
  }
  claim(refused.includes('not found'), `an unknown model gave: ${refused}`)
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`))
  console.log(`npm ${name} ${version}: single, batch, long text, unknown model: ok`)
}
