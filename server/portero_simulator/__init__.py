"""An HTTP endpoint that speaks Amazon Rekognition's image API, so that boto3 and the AWS CLI talk to it unchanged."""
