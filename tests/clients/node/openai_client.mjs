// npm `openai`: base64 by default, and an error of the right class.
import OpenAI from 'openai'
import { check, MODEL, TEXT, URL } from './common.mjs'

const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: 'unused', maxRetries: 0 })
const embed = async input => (await client.embeddings.create({ model: MODEL, input })).data.map(item => item.embedding)
await check('openai', async text => (await embed(text))[0], embed, async () => {
  try {
    await client.embeddings.create({ model: 'nope', input: TEXT })
  } catch (error) {
    if (!(error instanceof OpenAI.NotFoundError)) throw new Error(`not a NotFoundError: ${error}`)
    throw error
  }
})
