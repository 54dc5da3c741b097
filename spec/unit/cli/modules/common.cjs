const { StreamsBuilder } = require('millrace')

const builder = new StreamsBuilder()
builder.stream('common').to('js')
module.exports = builder
