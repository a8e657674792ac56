// npm `ollama`: embed, models, and an error with its status.
import { Ollama } from 'ollama'
import { check, MODEL, TEXT, URL } from './common.mjs'

const client = new Ollama({ host: URL })
const embed = async input => (await client.embed({ model: MODEL, input })).embeddings
await check('ollama', async text => (await embed(text))[0], embed, () => client.embed({ model: 'nope', input: TEXT }))
const { models } = await client.list()
if (!models.some(model => model.name === `${MODEL}:latest`)) throw new Error('not listed')
if ((await client.ps()).models.length === 0) throw new Error('nothing in memory')
if (!(await client.show({ model: MODEL })).capabilities.includes('embedding')) throw new Error('no capability')
const steps = []
for await (const step of await client.pull({ model: MODEL, stream: true })) steps.push(step.status)
if (steps.at(-1) !== 'success') throw new Error(`pull ended with ${steps.at(-1)}`)
