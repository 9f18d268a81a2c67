def lambda_handler(event, context):
    name = event.get("name", "World")
    print("greeting", name)
    return {"message": "Hello, {}!".format(name), "requestId": context.aws_request_id}
